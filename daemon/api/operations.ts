// Every route of onbox's own interface, for the OpenAPI document: its query is the very schema that reads requests, its answers are those
// that the tests hold real answers to.

import type { z } from 'zod';
import { queries } from './queries.js';
import * as answers from './schemas.js';

export interface Operation {
  readonly method: 'get' | 'post' | 'put' | 'delete';
  /** Parts of it in braces are parameters. */
  readonly path: string;
  readonly summary: string;
  readonly query: z.ZodObject;
  readonly body?: 'picture' | 'model' | 'scene';
  /** The status of success, what is answered then (as JSON; nothing if undefined), and the other statuses that a client meets. */
  readonly status: number;
  readonly answer: z.ZodType | undefined;
  readonly errors: readonly number[];
  /** Answers without a key. */
  readonly isPublic?: boolean;
}

const { none } = queries;
const picture = [400, 404, 408, 413, 415, 503];

export const operations: readonly Operation[] = [
  operation('post', '/v1/detect', 'Objects in a picture', queries.detect, answers.detect, picture, { body: 'picture' }),
  operation('post', '/v1/classify', 'What a picture shows', queries.classify, answers.classify, picture, { body: 'picture' }),
  operation('get', '/v1/track', 'The sessions that follow objects', none, answers.sessions, []),
  operation(
    'post',
    '/v1/track/{session}',
    'As detect, following objects from picture to picture',
    queries.track,
    answers.track,
    picture,
    {
      body: 'picture',
    },
  ),
  operation('put', '/v1/track/{session}', 'Zones and lines of a session', none, answers.anything, [400, 413], {
    body: 'scene',
  }),
  operation('get', '/v1/track/{session}', 'One session', none, answers.anything, [404]),
  operation('delete', '/v1/track/{session}', 'Forgets a session', none, undefined, [404], { status: 204 }),
  operation('get', '/v1/models', 'The installed models, and those that are damaged', none, answers.models, []),
  operation('get', '/v1/models/{name}', 'One model', none, answers.model, [400, 404]),
  operation(
    'put',
    '/v1/models/{name}',
    'Compiles and installs an ONNX file',
    queries.put,
    answers.model,
    [400, 413, 422, 429, 507],
    {
      body: 'model',
    },
  ),
  operation('post', '/v1/models/{name}', 'The same as a job', queries.compile, answers.job, [400, 413, 429, 507], {
    body: 'model',
    status: 202,
  }),
  operation('delete', '/v1/models/{name}', 'Removes a model', none, undefined, [400, 404], { status: 204 }),
  operation('post', '/v1/models/{name}/tune', 'Searches for faster kernels', queries.tune, answers.job, [400, 404, 429], {
    status: 202,
  }),
  operation('get', '/v1/jobs', 'Compiles and searches', none, answers.jobs, []),
  operation('get', '/v1/jobs/{id}', 'One job, or its progress', queries.job, answers.job, [400, 404]),
  operation('delete', '/v1/jobs/{id}', 'Ends a job', queries.cancel, answers.job, [400, 404], { status: 202 }),
  operation('get', '/v1/ps', 'The models that are loaded, and their memory', none, answers.loaded, []),
  operation('get', '/v1/health', 'What works, and the cure for what does not', none, answers.health, [503], { isPublic: true }),
  operation('post', '/v1/tickets', 'A ticket that opens one WebSocket', none, answers.ticket, [503], { status: 201 }),
];

function operation(
  method: Operation['method'],
  path: string,
  summary: string,
  query: z.ZodObject,
  answer: z.ZodType | undefined,
  errors: readonly number[],
  more: Partial<Operation> = {},
): Operation {
  return { method, path, summary, query, answer, errors, status: 200, ...more };
}
