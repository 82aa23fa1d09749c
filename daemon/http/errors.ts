// The last two handlers of the app: what no route answered, and what a route threw. Every error leaves as JSON.

import type { ErrorRequestHandler, RequestHandler, Response } from 'express';
import { errorCode, OnboxError } from '../../runtime/index.js';
import { errorBody, statusOf } from '../api/errors.js';
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
    if (!request.complete) cutAfterAnswer(request, response);
    if (code.startsWith('key-')) response.set('WWW-Authenticate', 'Bearer');
    const { status, body } = print(error);
    if (status === 503 || status === 429) response.set('Retry-After', '1');
    response.status(status).json(body);
  };
}

/**
 * The rest of a body that nobody wants is thrown away for a moment, so that the client reads the answer, then cut off. A header
 * `Connection: close` would make node cut it off at once.
 */
function cutAfterAnswer(request: Parameters<ErrorRequestHandler>[1], response: Response): void {
  request.on('error', () => undefined);
  request.resume();
  response.on('finish', () => {
    const timer = setTimeout(() => request.socket.destroy(), lingerMs).unref();
    request.on('end', () => clearTimeout(timer));
  });
}

/** Express throws errors of its own with a status, for example for a path that cannot be decoded. */
function fromExpress(error: unknown): unknown {
  if (errorCode(error) !== 'internal' || typeof error !== 'object' || error === null || !('status' in error)) return error;
  const status = Number(error.status);
  if (!(status >= 400 && status < 500)) return error;
  return new OnboxError('the request cannot be understood', { code: 'request-invalid', cause: error });
}
