// Bodies of KServe requests: absent, plain or compressed, and the JSON of those that carry no tensors.

import type { IncomingMessage } from 'node:http';
import { type BodyLimits, collectBytes, hasBody } from '../http/body.js';
import type { MemoryBudget } from '../http/budget.js';
import { encodingOf, inflate } from './encoding.js';
import { type Fields, fieldsOf } from './fields.js';
import { liftJson } from './json-lift.js';

/** Triton's --http-max-input-size, before and after inflating. */
export const inferBodyLimits: BodyLimits = { bytesMax: 64 * 1024 * 1024, timeoutMs: 60_000, piecesMax: 65_536 };
const smallBodyLimits: BodyLimits = { bytesMax: 64 * 1024, timeoutMs: 10_000, piecesMax: 1024 };

/**
 * The whole body, inflated. The caller calls `release` when the request is over.
 * @throws OnboxError of collectBytes and inflate, `encoding-unsupported`
 */
export async function readBody(
  request: IncomingMessage,
  limits: BodyLimits,
  budget: MemoryBudget,
): Promise<{ readonly bytes: Uint8Array; release(): void }> {
  const encoding = encodingOf(request.headers['content-encoding']);
  const body = await collectBytes(request, limits, budget);
  if (encoding === undefined) return body;
  try {
    return await inflate(body.bytes, encoding, limits.bytesMax, budget);
  } finally {
    body.release();
  }
}

/**
 * The object of a body, empty if there is none.
 * @throws OnboxError of readBody, `json-invalid`, `request-invalid`
 */
export async function readObject(request: IncomingMessage, budget: MemoryBudget, limits = smallBodyLimits): Promise<Fields> {
  if (!hasBody(request)) return {};
  const { bytes, release } = await readBody(request, limits, budget);
  try {
    const { head } = await liftJson(bytes, limits.bytesMax);
    return fieldsOf(head, 'the request');
  } finally {
    release();
  }
}
