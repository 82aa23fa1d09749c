// POST /v2/models/M/infer: tensors in, tensors out, as JSON, as binary data behind JSON, or raw.

import type { IncomingMessage } from 'node:http';
import { type Response, Router } from 'express';
import { errorCode, OnboxError } from '../../runtime/index.js';
import type { Wait } from '../engine/engine.js';
import { refuseMethod } from '../http/errors.js';
import { whileConnected } from '../http/infer.js';
import type { StoredModel } from '../store/store.js';
import { inferBodyLimits, readBody } from './body.js';
import { acceptedEncoding, compress } from './encoding.js';
import { clip, invalid } from './errors.js';
import { findLoaded, unknownModel } from './find.js';
import { readInputs, readRawInput } from './inputs.js';
import { liftJson } from './json-lift.js';
import { modelPaths } from './models.js';
import { type InferReply, printReply, requireOutputs } from './outputs.js';
import type { KserveParts } from './parts.js';
import { type InferRequest, parseInferRequest } from './request.js';

/** The header that says how many bytes of a body are JSON, before binary data begins. */
const headLengthHeader = 'inference-header-content-length';

const rawRequest: InferRequest = { id: undefined, timeoutMs: undefined, priority: 2, isBinary: true, inputs: [], outputs: [] };

export function inferRoutes(parts: KserveParts): Router {
  const { service, states, budget } = parts;
  const router = Router({ caseSensitive: true, strict: true });
  router
    .route(modelPaths('/infer'))
    .post(async (request, response) => {
      const { name, version } = request.params as { name: string; version?: string };
      // Refused before its body is read, and looked up again behind it: an upload may outlast a version.
      await findLoaded(service, states, name, version);
      const { bytes, release } = await readBody(request, inferBodyLimits, budget);
      try {
        const model = await findLoaded(service, states, name, version);
        const accepted = acceptedEncoding(String(request.headers['accept-encoding'] ?? ''));
        await whileConnected(
          response,
          async (wait) => await inferBody(parts, model, bytes, headLengthOf(request, bytes.byteLength), wait),
          async (reply) => await send(response, reply, accepted),
        );
      } finally {
        release();
      }
    })
    .all(refuseMethod(['POST']));
  return router;
}

/** @throws OnboxError `request-invalid` for a length that is not inside of the body */
function headLengthOf(request: IncomingMessage, bodyBytes: number): number {
  const text = request.headers[headLengthHeader];
  if (text === undefined) return bodyBytes;
  const length = typeof text === 'string' && /^[0-9]{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (length <= bodyBytes) return length;
  throw invalid(`inference header size should be in range (0, ${bodyBytes}), got: ${clip(String(text))}`);
}

async function inferBody(
  { service }: KserveParts,
  model: StoredModel,
  body: Uint8Array,
  headLength: number,
  wait: Wait & { readonly signal: AbortSignal },
): Promise<InferReply> {
  const { name, record } = model;
  const wanted = { name, inputs: record.inputs };
  const isRaw = headLength === 0;
  const { head, arrays } = isRaw ? { head: undefined, arrays: [] } : await liftJson(body.subarray(0, headLength));
  const request = isRaw ? rawRequest : parseInferRequest(head);
  requireOutputs(name, record.outputs, request.outputs);
  const payload = { arrays, binary: body.subarray(headLength) };
  const inputs = isRaw ? [readRawInput(wanted, body)] : await readInputs(wanted, request.inputs, payload);
  const outputNames = request.outputs.map((output) => output.name);
  const answer = await inTime(request.timeoutMs, wait.signal, (signal) =>
    service.infer(model, inputs, outputNames, { ...wait, signal, priority: request.priority }).catch((cause: unknown) => {
      // It was deleted while the request waited.
      throw errorCode(cause) === 'model-missing' ? unknownModel(name, cause) : cause;
    }),
  );
  const facts = { model: name, version: answer.version, id: request.id, labels: record.labels };
  return await printReply(facts, answer.outputs, request.outputs, request.isBinary);
}

/** The longest timeout that node's timers take, in ms. */
const timeoutMsMax = 2 ** 31 - 1;

/**
 * The client's own limit to the wait in the queue; what runs already is answered.
 * @throws OnboxError `deadline-exceeded`
 */
async function inTime<T>(timeoutMs: number | undefined, gone: AbortSignal, run: (ends: AbortSignal) => Promise<T>): Promise<T> {
  if (timeoutMs === undefined) return await run(gone);
  const timeout = AbortSignal.timeout(Math.min(timeoutMs, timeoutMsMax));
  try {
    return await run(AbortSignal.any([gone, timeout]));
  } catch (cause) {
    if (!timeout.aborted) throw cause;
    throw new OnboxError(`the request waited longer than its ${timeoutMs} ms`, { code: 'deadline-exceeded', cause });
  }
}

async function send(response: Response, reply: InferReply, accepted: 'gzip' | 'deflate' | undefined): Promise<void> {
  const { headBytes } = reply;
  const bytes = accepted === undefined ? reply.bytes : await compress(reply.bytes, accepted);
  // Not through express, which adds a charset.
  response.setHeader('Content-Type', headBytes === undefined ? 'application/json' : 'application/octet-stream');
  if (headBytes !== undefined) response.set('Inference-Header-Content-Length', String(headBytes));
  if (accepted !== undefined) response.set({ 'Content-Encoding': accepted, Vary: 'Accept-Encoding' });
  response.set('Content-Length', String(bytes.byteLength));
  response.end(bytes);
}
