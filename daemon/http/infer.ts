// What detect and classify share: the picture is read, the work is dropped when the client goes, the memory is given back.

import type { Request, Response } from 'express';
import type { Wait } from '../engine/engine.js';
import type { MemoryBudget } from './budget.js';
import { readImageBody } from './image-body.js';

/** Reads the request's picture, lets `run` answer it and sends the answer as JSON. */
export async function answerImage<T>(
  request: Request,
  response: Response,
  budget: MemoryBudget,
  run: (image: Uint8Array, wait: Wait & { readonly signal: AbortSignal }) => Promise<T>,
): Promise<void> {
  const { image, release } = await readImageBody(request, budget);
  try {
    await whileConnected(response, (wait) => run(image, wait));
  } finally {
    release();
  }
}

/**
 * Sends what `run` answers, as JSON unless told otherwise; `run` is told when nobody waits for it any more. The requests of one address
 * are one source: together they get as much of a model as a stream.
 */
export async function whileConnected<T>(
  response: Response,
  run: (wait: Wait & { readonly signal: AbortSignal }) => Promise<T>,
  send: (answer: T) => unknown = (answer) => sendJson(response, answer),
): Promise<void> {
  const gone = new AbortController();
  const onClose = (): void => gone.abort();
  response.once('close', onClose);
  try {
    const answer = await run({ signal: gone.signal, source: response.req.socket.remoteAddress });
    if (!response.destroyed) await send(answer);
  } finally {
    response.off('close', onClose);
  }
}

/** Not through express, which takes longer to look at the answer than it took to make it. */
function sendJson(response: Response, answer: unknown): void {
  const text = JSON.stringify(answer);
  response.writeHead(200, { 'Content-Type': 'application/json; charset=utf-8', 'Content-Length': Buffer.byteLength(text) });
  response.end(text);
}
