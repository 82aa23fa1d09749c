// GET /openapi.json: the interface for programs, made of the schemas that read requests; GET /docs: the same as a page for people, which
// loads nothing from anywhere and runs no script.

import { createHash } from 'node:crypto';
import { Router } from 'express';
import { z } from 'zod';
import { type Operation, operations } from '../api/operations.js';
import { queries } from '../api/queries.js';
import * as answers from '../api/schemas.js';
import { printDocs, style } from './docs-page.js';
import { refuseMethod } from './errors.js';
import { readQuery } from './query.js';

type Json = Readonly<Record<string, unknown>>;

const bytes = { schema: { type: 'string', format: 'binary' } };
const imageForm = { type: 'object', required: ['image'], properties: { image: { type: 'string', format: 'binary' } } };
const imageText = { type: 'object', required: ['image'], properties: { image: { type: 'string', contentEncoding: 'base64' } } };
const bodies: Readonly<Record<NonNullable<Operation['body']>, Json>> = {
  picture: {
    'image/*': bytes,
    'application/octet-stream': bytes,
    'multipart/form-data': { schema: imageForm },
    'application/json': { schema: imageText },
  },
  model: { 'application/octet-stream': bytes },
  scene: { 'application/json': { schema: { type: 'object' } } },
};

export function openapiRoutes(version: string): Router {
  const router = Router({ caseSensitive: true, strict: true });
  const document = openapiDocument(version);
  const page = printDocs(document);
  const styleDigest = createHash('sha256').update(style).digest('base64');
  const policy = `default-src 'none'; style-src 'sha256-${styleDigest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
  router
    .route('/openapi.json')
    .get((request, response) => {
      readQuery(request, queries.none);
      response.json(document);
    })
    .all(refuseMethod(['GET', 'HEAD']));
  router
    .route('/docs')
    .get((request, response) => {
      readQuery(request, queries.none);
      response.set('Content-Security-Policy', policy).type('html').send(page);
    })
    .all(refuseMethod(['GET', 'HEAD']));
  return router;
}

export interface OpenapiDocument {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, DescribedOperation>>>>;
  readonly components: Json;
  readonly security: readonly Json[];
}

export interface DescribedOperation {
  readonly summary: string;
  readonly parameters: readonly DescribedParameter[];
  readonly responses: Readonly<Record<string, { readonly description: string }>>;
}

export interface DescribedParameter {
  readonly name: string;
  readonly in: string;
  readonly required: boolean;
  readonly description?: string;
  readonly schema: Json;
}

/** @param version of onbox */
function openapiDocument(version: string): OpenapiDocument {
  const paths: Record<string, Record<string, DescribedOperation>> = {};
  for (const operation of operations) {
    paths[operation.path] = { ...paths[operation.path], [operation.method]: describe(operation) };
  }
  const description =
    "onbox's own interface. /v2 speaks KServe v2, /v1/vision DeepStack, /v1/stream is a WebSocket of the subprotocol onbox.v1.json.";
  return {
    openapi: '3.1.0',
    info: { title: 'onbox', version, description },
    paths,
    components: {
      schemas: { Error: schemaOf(answers.error) },
      securitySchemes: { key: { type: 'http', scheme: 'bearer', description: 'asked for off loopback' } },
    },
    security: [{ key: [] }, {}],
  };
}

function describe(operation: Operation): DescribedOperation {
  const { summary, query, body, status, answer, errors, isPublic } = operation;
  const named = [...operation.path.matchAll(/\{([a-z]+)\}/g)].map(([, name = '']) => name);
  const failure = { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } };
  const failures = [...new Set([...(isPublic === true ? [] : [401, 403]), ...errors])];
  const success = { description: summary, ...(answer === undefined ? {} : { content: jsonOf(answer) }) };
  return {
    summary,
    parameters: [
      ...named.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } })),
      ...Object.entries(query.shape).map(([name, schema]) => parameterOf(name, schema as z.ZodType)),
    ],
    ...(body === undefined ? {} : { requestBody: { required: true, content: bodies[body] } }),
    ...(isPublic === true ? { security: [] } : {}),
    responses: {
      [status]: success,
      ...Object.fromEntries(failures.map((each) => [each, { description: 'what was wrong', content: failure }])),
    },
  };
}

function parameterOf(name: string, schema: z.ZodType): DescribedParameter {
  const { description, ...rest } = schemaOf(schema);
  const required = !schema.safeParse(undefined).success;
  return { name, in: 'query', required, ...(typeof description === 'string' ? { description } : {}), schema: rest };
}

function jsonOf(schema: z.ZodType): Json {
  return { 'application/json': { schema: schemaOf(schema) } };
}

/** What comes out of a schema: of a parameter the number, not its text. */
function schemaOf(schema: z.ZodType): Json {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io: 'output' });
  return rest;
}
