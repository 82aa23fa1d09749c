// One stream: frames in, results in their order out, and what was left out is told. It waits for its turn at the engine, and which frame
// is looked at is decided when that has come: under load results come less often, but what they show is as new as ever.

import { randomBytes } from 'node:crypto';
import { type DetectOptions, errorCode, OnboxError } from '../../runtime/index.js';
import { errorFacts, statusOf } from '../api/errors.js';
import type { FrameAnswer, StreamedModel } from '../api/types.js';
import type { MemoryBudget } from '../http/budget.js';
import type { DetectLate } from '../service.js';
import type { DropReason } from '../statistics.js';
import { Follower } from '../track/follower.js';
import { minConfidences } from '../track/settings.js';
import { type Frame, frameBytes, readBase64Frame, readFrame } from './frame.js';
import { readMessage, type StreamSettings, settingsAtFirst } from './settings.js';

/** The part of a WebSocket that a stream uses. */
export interface StreamSocket {
  readonly bufferedAmount: number;
  send(text: string): void;
  /** Stops reading, so that the client's sending comes to a stop too, until `resume`. */
  pause(): void;
  resume(): void;
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
  readonly detect: DetectLate;
  /** Of all frames and bodies of the daemon. */
  readonly budget: MemoryBudget;
  readonly counter: StreamCounter;
}

export const frameBytesMax = 8 * 1024 * 1024;

/** Of what the client has not read yet, in bytes: results are left out above the first, the connection ends above the second. */
const unreadMax = { results: 1024 * 1024, connection: 8 * 1024 * 1024 } as const;
/** How long a client may read nothing of what waits for it, in ms. */
const stallMaxMs = 10_000;
/** Who sends so many frames and messages in a row of which none makes sense speaks something else. */
const wrongMax = 256;

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
  private follower = new Follower(settingsAtFirst.scene);
  private frames = 0;
  private lastUs = -1;
  private readonly waiting: Pending[] = [];
  /** Turns that are waited for, without a frame yet. */
  private turns = 0;
  /** At the engine, in the order in which they were chosen. */
  private readonly running: Pending[] = [];
  private drop: { from: number; to: number; reason: DropReason } | undefined;
  private droppedSinceResult = 0;
  /** Bytes given to the socket, how many of them it has passed on, and since when it has passed on no more. */
  private sent = 0;
  private passed = { bytes: 0, since: performance.now() };
  private wrongInRow = 0;
  private isPaused = false;

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
      const message = readMessage(Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('utf8'), this.settings);
      if (message.type === 'image') this.takeFrame(() => readBase64Frame(message.base64));
      else this.configure(message.seq, message.settings);
    } catch (error) {
      const { seq } = (error as { details?: { seq?: number } }).details ?? {};
      this.sendError(wireCode(error), error, seq === undefined ? {} : { seq });
      this.countWrong();
    }
  }

  /** To be called every second: tells drops that no result has told, and ends a connection whose client does not read. */
  tick(): void {
    this.tellDrop();
    this.resume();
    const now = performance.now();
    const unread = this.parts.socket.bufferedAmount;
    // What is passed on tells whether the client reads; what waits may stay the same because more is sent.
    const passed = this.sent - unread;
    if (unread === 0 || passed > this.passed.bytes) this.passed = { bytes: passed, since: now };
    if (unread > unreadMax.connection || now - this.passed.since > stallMaxMs) {
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

  private configure(seq: number, settings: StreamSettings): void {
    if (settings.track !== this.settings.track) this.follower = new Follower(settings.scene);
    else if (settings.scene !== this.settings.scene) this.follower.watch(settings.scene);
    this.settings = settings;
    this.wrongInRow = 0;
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
      if (errorCode(error) === 'memory-full') this.refuse(frame);
      else this.spoil(frame, error);
    }
  }

  private enqueue(frame: Frame, number: number): void {
    const arrived = performance.now();
    const timeUs = frame.ptsUs ?? Math.max(this.lastUs + 1, Math.round((arrived - this.opened) * 1000));
    if (timeUs <= this.lastUs) {
      throw new OnboxError(`pts_us must increase: ${timeUs} came after ${this.lastUs}`, { code: 'bad-frame' });
    }
    const bytes = frameBytes(frame);
    // Each turn that is waited for has a frame, also where the policy was another before.
    const kept = this.settings.policy === 'latest' ? Math.max(0, this.turns - 1) : this.waiting.length;
    const replaced = this.waiting.slice(0, Math.max(0, this.waiting.length - kept));
    // The frame that waits stays where there is no memory for the one that would replace it.
    this.parts.budget.take(replaced.reduce((sum, each) => sum - each.bytes, bytes));
    for (const { frame: left } of this.waiting.splice(0, replaced.length)) this.dropFrame(left, 'late');
    this.lastUs = timeUs;
    this.waiting.push({ ...frame, frame: number, timeUs, bytes, arrived });
    this.pump();
  }

  private pump(): void {
    // Where every frame counts, the next one is decoded while one runs. Where only the newest does, it would be older then.
    const runningMax = this.settings.policy === 'all' ? 2 : 1;
    while (this.turns < this.waiting.length && this.turns + this.running.length < runningMax) this.takeTurn();
  }

  private takeTurn(): void {
    let chosen: Pending | undefined;
    const choose = (): { image: Pending['image']; options: Partial<DetectOptions> } => {
      if (chosen === undefined) {
        // A frame that waits is replaced, never taken away.
        chosen = this.waiting.shift() as Pending;
        this.turns--;
        this.running.push(chosen);
      }
      return { image: chosen.image, options: this.wanted() };
    };
    this.turns++;
    this.parts.detect(choose, { signal: this.gone.signal, source: this }).then(
      (detected) => this.settle(chosen as Pending, { detected }),
      (error: unknown) => {
        // Without a turn, the frame that waited for it is over too; those of a stream that has ended are gone.
        if (!this.gone.signal.aborted) choose();
        if (chosen !== undefined) this.settle(chosen, { error });
      },
    );
  }

  private wanted(): Partial<DetectOptions> {
    const { minConfidence, track, labels } = this.settings;
    const usual = track ? minConfidences.tracked : minConfidences.untracked;
    return { minConfidence: minConfidence ?? usual, ...(labels === undefined ? {} : { labels }) };
  }

  private settle(pending: Pending, answer: NonNullable<Pending['answer']>): void {
    this.parts.budget.give(pending.bytes);
    this.resume();
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
    const { image, objects, ms } = detected;
    this.wrongInRow = 0;
    const start = performance.now();
    const seen = this.settings.track ? this.follower.follow(objects, frame, timeUs, image) : { objects, events: [] };
    const now = performance.now();
    const workMs = ms.decode + ms.infer + ms.post;
    this.tellDrop();
    for (const event of seen.events) this.send({ type: 'event', ...event });
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
        queue: round(Math.max(0, start - arrived - workMs)),
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

  private fail(frame: number, error: unknown): void {
    const code = errorCode(error);
    const status = statusOf(code);
    if (code === 'queue-full') this.refuse(frame);
    else if (code === 'deadline-exceeded') this.dropFrame(frame, 'late');
    else if (code === 'engine-stopped') this.parts.socket.close(closeCodes.restarting, 'onbox is stopping');
    else if (status < 500 && code !== 'model-missing' && code !== 'task-mismatch') this.spoil(frame, error);
    else {
      this.sendError(wireCode(error), error, { frame });
      this.parts.socket.close(closeCodes.modelDied, 'the model does not answer');
    }
  }

  /** A frame that nobody can look at: what is wrong with it is told, and it is dropped. */
  private spoil(frame: number, error: unknown): void {
    this.dropFrame(frame, 'decode');
    this.sendError('bad_frame', error, { frame });
    this.countWrong();
  }

  private countWrong(): void {
    if (++this.wrongInRow === wrongMax) this.parts.socket.close(closeCodes.wrongData, 'nothing of this makes sense');
  }

  /** There is no place for a frame: it is dropped, and no more is read until there may be. */
  private refuse(frame: number): void {
    this.dropFrame(frame, 'queue');
    this.isPaused = true;
    this.parts.socket.pause();
  }

  private resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    this.parts.socket.resume();
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
    const text = JSON.stringify(message);
    this.sent += messageBytes(Buffer.byteLength(text));
    this.parts.socket.send(text);
  }
}

/** What a text takes on the wire: its length stands in 1, 3 or 9 bytes behind the first. */
function messageBytes(bytes: number): number {
  return bytes + (bytes < 126 ? 2 : bytes < 65_536 ? 4 : 10);
}

function wireCode(error: unknown): string {
  return errorCode(error).replaceAll('-', '_');
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
