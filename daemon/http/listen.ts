// The HTTP server under the app: deadlines and caps that node leaves open, and JSON even for what is not HTTP.

import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { errorCode, OnboxError } from '../../runtime/index.js';
import { errorBody, statusOf } from '../api/errors.js';
import { headersMax } from './guard.js';
import type { Tls } from './tls.js';

export interface ListenOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** A socket that listens there already, as systemd hands one over. */
  readonly fd?: number | undefined;
  readonly connectionsMax?: number;
  /** For the headers, and for the whole request, in ms. */
  readonly headersTimeoutMs?: number;
  readonly requestTimeoutMs?: number;
  /** How long a client may take to read an answer, in ms. Answers are small, so this only meets those who do not read. */
  readonly answerTimeoutMs?: number;
  /** Serves https with it. */
  readonly tls?: Tls | undefined;
  /** Makes a WebSocket of a request; what it throws is answered as of any other request. */
  readonly upgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => Promise<void>;
}

export interface Traffic {
  readonly in: number;
  readonly out: number;
}

export interface Listening {
  readonly host: string;
  readonly port: number;
  /** Bytes of all connections since the start, as they went over the wire. */
  traffic(): Traffic;
  /** New connections get the new certificate. */
  renew(tls: Tls): void;
  /** Takes no new connections; resolves when the open ones have ended, at the latest after `graceMs`. */
  close(graceMs: number): Promise<void>;
}

const handshakeTimeoutMs = 10_000;

/** @throws OnboxError `listen-failed` if the address is taken or not this machine's */
export async function listen(app: RequestListener, options: ListenOptions): Promise<Listening> {
  const { tls, upgrade } = options;
  const settings = {
    maxHeaderSize: 16 * 1024,
    headersTimeout: options.headersTimeoutMs ?? 10_000,
    // Long enough for a large model over a slow line; picture bodies have a deadline of their own.
    requestTimeout: options.requestTimeoutMs ?? 900_000,
    connectionsCheckingInterval: 2000,
    keepAliveTimeout: 10_000,
    requireHostHeader: true,
  };
  const server =
    tls === undefined
      ? createServer(settings, app)
      : createTlsServer({ ...settings, ...tls, minVersion: 'TLSv1.2', handshakeTimeout: handshakeTimeoutMs }, app);
  server.maxHeadersCount = headersMax + 1;
  const connectionsMax = options.connectionsMax ?? 1024;
  server.maxConnections = connectionsMax;
  const sockets = new Set<Socket>();
  server.on('connection', createAddressCap(Math.ceil(connectionsMax / 2), settings.headersTimeout, sockets));
  server.maxRequestsPerSocket = 1000;
  server.on('clientError', answerClientError);
  if (upgrade !== undefined)
    server.on('upgrade', (request, socket, head) => void answerUpgrade(server, upgrade, request, socket, head));
  const answerTimeoutMs = options.answerTimeoutMs ?? 30_000;
  server.on('request', (_request, response) => {
    response.on('prefinish', () => {
      const timer = setTimeout(() => response.socket?.destroy(), answerTimeoutMs).unref();
      response.once('close', () => clearTimeout(timer)).once('finish', () => clearTimeout(timer));
    });
  });
  const traffic = countTraffic(server, sockets);
  await start(server, options);
  const { address, port } = server.address() as AddressInfo;
  return {
    host: address,
    port,
    traffic,
    renew: (renewed) => (server as TlsServer).setSecureContext?.({ ...renewed, minVersion: 'TLSv1.2' }),
    close: (graceMs) => close(server, graceMs, sockets),
  };
}

/** Who says nothing is sent away, and one address gets half of the connections, so that nobody alone can take the place of all others. */
function createAddressCap(socketsMax: number, silenceMsMax: number, sockets: Set<Socket>): (socket: Socket) => void {
  const counts = new Map<string, number>();
  return (socket) => {
    const address = socket.remoteAddress;
    // answerPlainly announces a socket a second time; one that is gone already has no address.
    if (address === undefined || sockets.has(socket)) return;
    const open = (counts.get(address) ?? 0) + 1;
    if (open > socketsMax) {
      socket.destroy();
      return;
    }
    sockets.add(socket);
    counts.set(address, open);
    // node's own deadline for headers begins with their first byte.
    const timer = setTimeout(() => {
      if (socket.bytesRead === 0) socket.destroy();
    }, silenceMsMax).unref();
    socket.once('close', () => {
      clearTimeout(timer);
      sockets.delete(socket);
      const left = (counts.get(address) ?? 1) - 1;
      if (left === 0) counts.delete(address);
      else counts.set(address, left);
    });
  };
}

function countTraffic(server: Server, open: ReadonlySet<Socket>): () => Traffic {
  const ended = { in: 0, out: 0 };
  const known = new WeakSet<Socket>();
  server.on('connection', (socket: Socket) => {
    // answerPlainly announces a socket a second time.
    if (known.has(socket)) return;
    known.add(socket);
    socket.once('close', () => {
      ended.in += socket.bytesRead;
      ended.out += socket.bytesWritten;
    });
  });
  return () => {
    let { in: received, out: sent } = ended;
    for (const { bytesRead, bytesWritten } of open) {
      received += bytesRead;
      sent += bytesWritten;
    }
    return { in: received, out: sent };
  };
}

function start(server: Server, options: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      reject(
        new OnboxError(`cannot listen on ${options.host} port ${options.port}: ${cause.message}`, {
          code: 'listen-failed',
          cause,
        }),
      );
    });
    const { host, port, fd } = options;
    server.listen(fd === undefined ? { host, port, backlog: 128 } : { fd }, () => resolve());
  });
}

async function close(server: Server, graceMs: number, sockets: ReadonlySet<Socket>): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const timer = setTimeout(() => {
    // Also those that have not yet said a word of HTTP.
    for (const socket of sockets) socket.destroy();
  }, graceMs);
  await closed;
  clearTimeout(timer);
}

/** Errors of the HTTP parser and its timeouts, by node's codes. */
const parserErrors: Readonly<Record<string, readonly [code: string, message: string]>> = {
  HPE_HEADER_OVERFLOW: ['headers-too-large', 'the headers are larger than 16 KiB'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: ['body-too-large', 'the extensions of a chunk are too large'],
  ERR_HTTP_REQUEST_TIMEOUT: ['request-timeout', 'the request did not arrive in time'],
};

const statusTexts: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  413: 'Payload Too Large',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
  431: 'Request Header Fields Too Large',
};

function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const [code, message] = parserErrors[error.code ?? ''] ?? ['request-invalid', 'this is not a valid HTTP request'];
  answerOnSocket(socket, new OnboxError(message, { code }));
}

type Upgrade = NonNullable<ListenOptions['upgrade']>;

async function answerUpgrade(
  server: Server,
  upgrade: Upgrade,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  if (request.headers.upgrade?.toLowerCase() !== 'websocket') {
    answerPlainly(server, request, socket, head);
    return;
  }
  const onError = (): void => void socket.destroy();
  socket.on('error', onError);
  try {
    await upgrade(request, socket, head);
  } catch (error) {
    answerOnSocket(socket, error);
    return;
  }
  socket.off('error', onError);
}

/** Who asks for another protocol, as Java's clients do for HTTP/2, is answered as if it had not; node would leave it waiting. */
function answerPlainly(server: Server, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  const lines = [`${request.method} ${request.url} HTTP/${request.httpVersion}`];
  const { rawHeaders } = request;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (!/^(upgrade|connection|http2-settings)$/i.test(rawHeaders[i] ?? ''))
      lines.push(`${rawHeaders[i]}: ${rawHeaders[i + 1]}`);
  }
  const again = `${[...lines, 'Connection: close'].join('\r\n')}\r\n\r\n`;
  socket.unshift(Buffer.concat([Buffer.from(again, 'latin1'), head]));
  server.emit('setSecureContext' in server ? 'secureConnection' : 'connection', socket);
}

function answerOnSocket(socket: Duplex, error: unknown): void {
  const body = JSON.stringify(errorBody(error));
  const status = statusOf(errorCode(error));
  const head = [
    `HTTP/1.1 ${status} ${statusTexts[status] ?? 'Bad Request'}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
}
