// What detect and classify share: the picture is read, the work is dropped when the client goes, the memory is given back.

import type { Request, Response } from 'express';
import type { MemoryBudget } from './budget.js';
import { readImageBody } from './image-body.js';

/** Reads the request's picture, lets `run` answer it and sends the answer as JSON. */
export async function answerImage<T>(
  request: Request,
  response: Response,
  budget: MemoryBudget,
  run: (image: Uint8Array, signal: AbortSignal) => Promise<T>,
): Promise<void> {
  const { image, release } = await readImageBody(request, budget);
  try {
    await whileConnected(response, (signal) => run(image, signal));
  } finally {
    release();
  }
}

/** Sends what `run` answers, as JSON unless told otherwise; `run` is told when nobody waits for it any more. */
export async function whileConnected<T>(
  response: Response,
  run: (signal: AbortSignal) => Promise<T>,
  send: (answer: T) => unknown = (answer) => response.json(answer),
): Promise<void> {
  const gone = new AbortController();
  const onClose = (): void => gone.abort();
  response.once('close', onClose);
  try {
    const answer = await run(gone.signal);
    if (!response.destroyed) await send(answer);
  } finally {
    response.off('close', onClose);
  }
}
