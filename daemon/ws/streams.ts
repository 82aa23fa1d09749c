// GET /v1/stream as a WebSocket: who may open one, and the pulse of all that are open.

import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import { OnboxError } from '../../runtime/index.js';
import { queries } from '../api/queries.js';
import type { MemoryBudget } from '../http/budget.js';
import { type GuardOptions, requireAccess } from '../http/guard.js';
import { readQuery } from '../http/query.js';
import type { Tickets } from '../http/tickets.js';
import type { Log } from '../log.js';
import type { Service } from '../service.js';
import { closeCodes, frameBytesMax, Stream, type StreamCounter } from './stream.js';

export interface StreamsOptions extends GuardOptions {
  readonly service: Service;
  readonly tickets: Tickets;
  readonly budget: MemoryBudget;
  readonly counter: StreamCounter;
  readonly log: Log;
  readonly streamsMax: number;
}

const path = '/v1/stream';
const subprotocol = 'onbox.v1.json';
const tickMs = 1000;
const pingTicks = 15;
const missedPongsMax = 2;
/** The header of a frame, or the words around base64, come on top of the frame itself. */
const messageBytesMax = Math.ceil((frameBytesMax * 4) / 3) + 1024;

interface Open {
  readonly socket: WebSocket;
  readonly stream: Stream;
  missedPongs: number;
}

export class Streams {
  private readonly options: StreamsOptions;
  private readonly sockets: WebSocketServer;
  private readonly open = new Set<Open>();
  private readonly timer: NodeJS.Timeout;
  private ticks = 0;
  private stopped = false;

  constructor(options: StreamsOptions) {
    this.options = options;
    this.sockets = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      maxPayload: messageBytesMax,
      // Pictures are compressed already.
      perMessageDeflate: false,
      handleProtocols: (offered) => (offered.has(subprotocol) ? subprotocol : false),
    });
    this.timer = setInterval(() => this.tick(), tickMs).unref();
  }

  get count(): number {
    return this.open.size;
  }

  /**
   * Answers a request to become a WebSocket.
   * @throws OnboxError what the guard throws, `route-unknown`, `protocol-unsupported`, `query-invalid`, `model-missing`, `queue-full`;
   *   nothing was written then
   */
  async upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const { service, streamsMax } = this.options;
    const pathname = (request.url ?? '').split('?', 1)[0];
    requireAccess(request, this.options, (ticket) => this.options.tickets.redeem(ticket));
    if (pathname !== path) throw new OnboxError('there is no WebSocket at this path', { code: 'route-unknown' });
    const offered = request.headers['sec-websocket-protocol'];
    if (offered !== undefined && !offered.split(/ *, */).includes(subprotocol)) {
      throw new OnboxError(`this path speaks ${subprotocol}`, { code: 'protocol-unsupported' });
    }
    const query = readQuery(request, queries.stream);
    const opened = await service.openStream(query.model);
    if (this.stopped) throw new OnboxError('onbox is stopping', { code: 'engine-stopped' });
    if (this.open.size >= streamsMax) throw new OnboxError(`${streamsMax} streams are open already`, { code: 'queue-full' });
    this.sockets.handleUpgrade(request, socket, head, (accepted) => this.begin(accepted, opened));
  }

  /** Tells every client that onbox restarts. */
  stop(): void {
    this.stopped = true;
    clearInterval(this.timer);
    for (const { socket } of this.open) socket.close(closeCodes.restarting, 'onbox is stopping');
    // Who does not answer the closing handshake is not waited for.
    setTimeout(() => {
      for (const { socket } of this.open) socket.terminate();
    }, tickMs).unref();
  }

  private begin(socket: WebSocket, { model, detect }: Awaited<ReturnType<Service['openStream']>>): void {
    const { budget, counter, log } = this.options;
    const stream = new Stream({ socket, model, detect, budget, counter });
    const entry: Open = { socket, stream, missedPongs: 0 };
    this.open.add(entry);
    log('stream-opened', { stream: stream.id, model: model.name });
    socket.on('message', (data: RawData, isBinary: boolean) => {
      // The default binaryType gives one Buffer a message.
      stream.receive(data as Buffer, isBinary);
    });
    socket.on('pong', () => {
      entry.missedPongs = 0;
    });
    // ws closes the connection itself, with the right code.
    socket.on('error', () => undefined);
    socket.on('close', (code) => {
      this.open.delete(entry);
      stream.end();
      log('stream-closed', { stream: stream.id, code });
    });
  }

  private tick(): void {
    this.ticks++;
    const isPing = this.ticks % pingTicks === 0;
    for (const entry of this.open) {
      entry.stream.tick();
      if (!isPing) continue;
      if (entry.missedPongs >= missedPongsMax) entry.socket.terminate();
      entry.missedPongs++;
      entry.socket.ping();
    }
  }
}
