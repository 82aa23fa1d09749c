// The last two handlers of the app: what no route answered, and what a route threw. Every error leaves as JSON.

import type { ErrorRequestHandler, RequestHandler, Response } from 'express';
import { errorCode, OnboxError } from '../../runtime/index.js';
import { errorBody, errorFacts, statusOf } from '../api/errors.js';
import type { Log } from '../log.js';

/** How long a refused client may go on sending before its socket is closed, in ms. */
const lingerMs = 1000;

export const answerUnknownRoute: RequestHandler = () => {
  throw new OnboxError('there is nothing at this path', { code: 'route-unknown' });
};

/** What wants to become a WebSocket never comes here. */
export const answerNoSocket: RequestHandler = (_request, response) => {
  response.set('Upgrade', 'websocket');
  throw new OnboxError('this path is a WebSocket', { code: 'upgrade-required' });
};

/** For `.all()` behind the methods that a path has. */
export function refuseMethod(allowed: readonly string[]): RequestHandler {
  return (_request, response) => {
    response.set('Allow', allowed.join(', '));
    throw new OnboxError(`this path takes ${allowed.join(', ')}`, { code: 'method-refused' });
  };
}

/** How a protocol tells an error: the status and the JSON body. */
export type PrintError = (error: unknown) => { readonly status: number; readonly body: object };

const printOnbox: PrintError = (error) => ({ status: statusOf(errorCode(error)), body: errorBody(error) });

/** Express recognises an error handler by its four parameters. */
export function createErrorHandler(log: Log, print = printOnbox): ErrorRequestHandler {
  return (thrown: unknown, request, response, _next) => {
    const error = fromExpress(thrown);
    const code = errorCode(error);
    if (code === 'internal') log('http-bug', { method: request.method, stack: error instanceof Error ? error.stack : error });
    if (response.headersSent || response.destroyed) {
      request.socket.destroy();
      return;
    }
    if (code.startsWith('key-')) response.set('WWW-Authenticate', 'Bearer');
    const { status, body } = print(error);
    if (status === 503 || status === 429) response.set('Retry-After', `${secondsOf(error)}`);
    response.status(status);
    if (request.complete) response.json(body);
    else answerEarly(request, response, body);
  };
}

/** When it may be worth another try; 1 where nobody knows better. */
function secondsOf(error: unknown): number {
  const seconds = errorFacts(error).details?.['retry_after_s'];
  return typeof seconds === 'number' ? seconds : 1;
}

/**
 * Answers who still sends a body that nobody wants: the rest is thrown away for a moment, so that the client comes to read, then cut
 * off. The answer is not ended before, because node would then end the socket under a client that asked for no other request.
 */
function answerEarly(request: Parameters<ErrorRequestHandler>[1], response: Response, body: object): void {
  const bytes = Buffer.from(JSON.stringify(body));
  response.set({
    Connection: 'close',
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': `${bytes.byteLength}`,
  });
  response.write(bytes);
  const finish = (): void => {
    clearTimeout(timer);
    response.end();
  };
  const timer = setTimeout(() => {
    response.once('finish', () => request.socket.destroy());
    finish();
  }, lingerMs).unref();
  request.on('error', () => undefined).on('end', finish);
  request.resume();
}

/** Express throws errors of its own with a status, for example for a path that cannot be decoded. */
function fromExpress(error: unknown): unknown {
  if (errorCode(error) !== 'internal' || typeof error !== 'object' || error === null || !('status' in error)) return error;
  const status = Number(error.status);
  if (!(status >= 400 && status < 500)) return error;
  return new OnboxError('the request cannot be understood', { code: 'request-invalid', cause: error });
}
