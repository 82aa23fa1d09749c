// One stream: frames in, results in their order out, and what was left out is told. It has one frame at the engine at a time (or two
// where every frame counts), so that streams take turns in the engine's queue and each gets its share.

import { randomBytes } from 'node:crypto';
import {
  createTracker,
  createWatcher,
  type DetectedObject,
  errorCode,
  OnboxError,
  type PictureSource,
  type TrackEvent,
  type Tracker,
  type Watcher,
} from '../../runtime/index.js';
import { errorFacts, statusOf } from '../api/errors.js';
import type { FrameAnswer, StreamedModel } from '../api/types.js';
import type { MemoryBudget } from '../http/budget.js';
import type { DropReason } from '../statistics.js';
import { type Frame, frameBytes, readBase64Frame, readFrame } from './frame.js';
import { readMessage, type StreamSettings, settingsAtFirst } from './settings.js';

/** The part of a WebSocket that a stream uses. */
export interface StreamSocket {
  readonly bufferedAmount: number;
  send(text: string): void;
  close(code: number, reason: string): void;
  terminate(): void;
}

/** What the metrics count. */
export interface StreamCounter {
  frameIn(model: string): void;
  frameOut(model: string): void;
  dropped(model: string, reason: DropReason): void;
}

export interface StreamParts {
  readonly socket: StreamSocket;
  readonly model: StreamedModel;
  detect(image: PictureSource, minConfidence: number, signal: AbortSignal): Promise<FrameAnswer>;
  /** Of all frames and bodies of the daemon. */
  readonly budget: MemoryBudget;
  readonly counter: StreamCounter;
}

export const frameBytesMax = 8 * 1024 * 1024;

/** Of what the client has not read yet, in bytes: results are left out above the first, the connection ends above the second. */
const unreadMax = { results: 1024 * 1024, connection: 8 * 1024 * 1024 } as const;
/** How long a client may read nothing of what waits for it, in ms. */
const stallMaxMs = 10_000;

export const closeCodes = { wrongData: 1003, policy: 1008, modelDied: 1011, restarting: 1012, overloaded: 1013 } as const;

interface Pending extends Frame {
  readonly frame: number;
  readonly timeUs: number;
  readonly bytes: number;
  readonly arrived: number;
  answer?: { readonly detected: FrameAnswer } | { readonly error: unknown };
}

export class Stream {
  readonly id = `s-${randomBytes(4).toString('hex')}`;
  private readonly parts: StreamParts;
  private readonly opened = performance.now();
  private readonly gone = new AbortController();
  private settings = settingsAtFirst;
  private tracker: Tracker = createTracker();
  private watcher: Watcher = createWatcher(settingsAtFirst.scene);
  private frames = 0;
  private lastUs = -1;
  private readonly waiting: Pending[] = [];
  /** At the engine, in the order in which they were sent. */
  private readonly running: Pending[] = [];
  private drop: { from: number; to: number; reason: DropReason } | undefined;
  private droppedSinceResult = 0;
  private unread = { bytes: 0, since: performance.now() };

  constructor(parts: StreamParts) {
    this.parts = parts;
    const { name, version, device, input } = parts.model;
    const { policy, credit } = this.settings;
    this.send({
      type: 'hello',
      stream: this.id,
      model: name,
      version: String(version),
      device,
      input,
      max_frame_bytes: frameBytesMax,
      credit,
      policy,
    });
  }

  /** A message of the client. Whatever is wrong with it is answered; the stream goes on. */
  receive(data: Uint8Array, isBinary: boolean): void {
    if (isBinary) {
      this.takeFrame(() => readFrame(data));
      return;
    }
    try {
      const message = readMessage(Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('utf8'));
      if (message.type === 'image') this.takeFrame(() => readBase64Frame(message.base64));
      else this.configure(message.seq, message.change);
    } catch (error) {
      const { seq } = (error as { details?: { seq?: number } }).details ?? {};
      this.sendError(wireCode(error), error, seq === undefined ? {} : { seq });
    }
  }

  /** To be called every second: tells drops that no result has told, and ends a connection whose client does not read. */
  tick(): void {
    this.tellDrop();
    const now = performance.now();
    const bytes = this.parts.socket.bufferedAmount;
    if (bytes === 0 || bytes < this.unread.bytes) this.unread = { bytes, since: now };
    else this.unread = { bytes, since: this.unread.since };
    if (bytes > unreadMax.connection || (bytes > 0 && now - this.unread.since > stallMaxMs)) {
      this.parts.socket.close(closeCodes.overloaded, 'the client does not read');
      // The closing handshake waits behind what is not read.
      this.parts.socket.terminate();
    }
  }

  /** The connection has ended: work that nobody waits for is taken back. */
  end(): void {
    this.gone.abort();
    for (const pending of this.waiting.splice(0)) this.parts.budget.give(pending.bytes);
  }

  private configure(seq: number, change: Partial<StreamSettings>): void {
    const settings = { ...this.settings, ...change };
    if (settings.track !== this.settings.track) this.tracker = createTracker();
    if (settings.scene !== this.settings.scene || settings.track !== this.settings.track) {
      this.watcher = createWatcher(settings.scene);
    }
    this.settings = settings;
    this.send({ type: 'ok', seq });
    this.pump();
  }

  private takeFrame(read: () => Frame): void {
    const { parts, settings } = this;
    const frame = ++this.frames;
    parts.counter.frameIn(parts.model.name);
    if (settings.policy === 'all' && this.waiting.length + this.running.length >= settings.credit) {
      const message = `${settings.credit} frames are unanswered already`;
      this.send({ type: 'error', code: 'credit', frame, error: message });
      parts.socket.close(closeCodes.policy, message);
      return;
    }
    try {
      this.enqueue(read(), frame);
    } catch (error) {
      if (errorCode(error) === 'memory-full') this.dropFrame(frame, 'queue');
      else this.sendError('bad_frame', error, { frame });
    }
  }

  private enqueue(frame: Frame, number: number): void {
    const arrived = performance.now();
    const timeUs = frame.ptsUs ?? Math.max(this.lastUs + 1, Math.round((arrived - this.opened) * 1000));
    if (timeUs <= this.lastUs) {
      throw new OnboxError(`pts_us must increase: ${timeUs} came after ${this.lastUs}`, { code: 'bad-frame' });
    }
    const bytes = frameBytes(frame);
    const [replaced] = this.settings.policy === 'latest' ? this.waiting.splice(0) : [];
    if (replaced !== undefined) {
      this.parts.budget.give(replaced.bytes);
      this.dropFrame(replaced.frame, 'late');
    }
    this.parts.budget.take(bytes);
    this.lastUs = timeUs;
    this.waiting.push({ ...frame, frame: number, timeUs, bytes, arrived });
    this.pump();
  }

  private pump(): void {
    // Where every frame counts, the next one is decoded while one runs. Where only the newest does, it would be older then.
    const runningMax = this.settings.policy === 'all' ? 2 : 1;
    while (this.running.length < runningMax) {
      const pending = this.waiting.shift();
      if (pending === undefined) return;
      this.running.push(pending);
      const { minConfidence, track } = this.settings;
      this.parts.detect(pending.image, minConfidence ?? (track ? 0.1 : 0.25), this.gone.signal).then(
        (detected) => this.settle(pending, { detected }),
        (error: unknown) => this.settle(pending, { error }),
      );
    }
  }

  private settle(pending: Pending, answer: NonNullable<Pending['answer']>): void {
    this.parts.budget.give(pending.bytes);
    pending.answer = answer;
    while (this.running[0]?.answer !== undefined) {
      const first = this.running.shift() as Pending;
      if (this.gone.signal.aborted) continue;
      if ('detected' in (first.answer as object)) this.report(first, (first.answer as { detected: FrameAnswer }).detected);
      else this.fail(first.frame, (first.answer as { error: unknown }).error);
    }
    if (!this.gone.signal.aborted) this.pump();
  }

  private report(pending: Pending, detected: FrameAnswer): void {
    const { frame, timeUs, arrived } = pending;
    const { image, ms } = detected;
    const objects = detected.objects.filter(({ label }) => this.settings.labels?.has(label) !== false);
    const start = performance.now();
    const seen = this.settings.track ? this.follow(objects, frame, timeUs, image) : { objects, events: [] };
    const now = performance.now();
    const engineMs = ms.decode + ms.queue + ms.infer + ms.post;
    this.tellDrop();
    for (const event of seen.events) this.send(eventOf(event));
    if (this.parts.socket.bufferedAmount > unreadMax.results) {
      this.dropFrame(frame, 'queue');
      return;
    }
    this.send({
      type: 'result',
      frame,
      pts_us: timeUs,
      objects: seen.objects,
      ms: {
        // From the frame's arrival, so what the message took to the engine and back counts as waiting.
        queue: round(Math.max(ms.queue, start - arrived - engineMs + ms.queue)),
        decode: round(Math.max(0, ms.decode - detected.pre)),
        pre: round(detected.pre),
        infer: ms.infer,
        post: ms.post,
        track: round(now - start),
      },
      dropped: this.droppedSinceResult,
      w: image.width,
      h: image.height,
    });
    this.droppedSinceResult = 0;
    this.parts.counter.frameOut(this.parts.model.name);
  }

  private follow(
    objects: readonly DetectedObject[],
    frame: number,
    timeUs: number,
    image: FrameAnswer['image'],
  ): { readonly objects: readonly object[]; readonly events: readonly TrackEvent[] } {
    const watched = this.watcher.update(this.tracker.update(objects, frame, timeUs / 1e6), image);
    const shown = watched.objects.map(({ id, label, class: kind, confidence, box, zones, firstFrame, landmarks }) => ({
      id,
      label,
      class: kind,
      confidence,
      box: box.map((value) => round(value, 100)),
      ...(landmarks === undefined ? {} : { landmarks }),
      zones,
      first_frame: firstFrame,
    }));
    return { objects: shown, events: watched.events };
  }

  private fail(frame: number, error: unknown): void {
    const code = errorCode(error);
    const status = statusOf(code);
    if (code === 'queue-full' || code === 'memory-full') this.dropFrame(frame, 'queue');
    else if (code === 'deadline-exceeded') this.dropFrame(frame, 'late');
    else if (code === 'engine-stopped') this.parts.socket.close(closeCodes.restarting, 'onbox is stopping');
    else if (status < 500 && code !== 'model-missing' && code !== 'task-mismatch')
      this.sendError('bad_frame', error, { frame });
    else {
      this.sendError(wireCode(error), error, { frame });
      this.parts.socket.close(closeCodes.modelDied, 'the model does not answer');
    }
  }

  /** Drops are told in ranges, each frame once. */
  private dropFrame(frame: number, reason: DropReason): void {
    this.parts.counter.dropped(this.parts.model.name, reason);
    this.droppedSinceResult++;
    if (this.drop?.reason === reason && this.drop.to === frame - 1) {
      this.drop.to = frame;
      return;
    }
    this.tellDrop();
    this.drop = { from: frame, to: frame, reason };
  }

  private tellDrop(): void {
    if (this.drop === undefined) return;
    this.send({ type: 'drop', ...this.drop });
    this.drop = undefined;
  }

  private sendError(code: string, error: unknown, facts: object): void {
    this.send({ type: 'error', code, ...facts, error: errorFacts(error).message });
  }

  private send(message: object): void {
    this.parts.socket.send(JSON.stringify(message));
  }
}

function wireCode(error: unknown): string {
  return errorCode(error).replaceAll('-', '_');
}

/** The wire has snake case and units in names. */
function eventOf(event: TrackEvent): object {
  if (event.event !== 'leave') return { type: 'event', ...event };
  const { dwellS, ...facts } = event;
  return { type: 'event', ...facts, dwell_s: round(dwellS) };
}

function round(value: number, steps = 1000): number {
  return Math.round(value * steps) / steps;
}
