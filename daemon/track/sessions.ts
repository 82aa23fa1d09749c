// Named tracking sessions: what a stream is for a WebSocket, for those who post one picture after the other. A session lives as long as
// it is used, and is forgotten when nobody has asked for it for a while.

import { type DetectOptions, OnboxError } from '../../runtime/index.js';
import type { FrameAnswer, StreamedModel, TrackAnswer, TrackSessionFacts } from '../api/types.js';
import type { Wait } from '../engine/engine.js';
import type { Priority } from '../engine/queue.js';
import { createLock } from '../engine/worker.js';
import { printFact } from '../log.js';
import { type Fields, numberOf, textOf } from './fields.js';
import { Follower } from './follower.js';
import { changeWatch, minConfidences, requireKnown, type WatchSettings, watchAtFirst } from './settings.js';

/** What sessions need of the service. */
export interface SessionParts {
  /** @throws OnboxError `model-missing`, `task-mismatch` */
  streamed(model: string | undefined): Promise<StreamedModel>;
  detect(model: string, image: Uint8Array, options: Partial<DetectOptions>, wait: Wait): Promise<FrameAnswer>;
}

/** What a request says of itself; what is left out, the session knows. */
export interface TrackRequest {
  readonly model: string | undefined;
  readonly minConfidence: number | undefined;
  /** When the picture was taken, in microseconds of any clock; that of the daemon if undefined. */
  readonly ptsUs: number | undefined;
  readonly ttlS: number | undefined;
  readonly priority: Priority;
}

export const sessionLimits = {
  sessionsMax: 256,
  /** Pictures of one session that may be in work. */
  unansweredMax: 4,
  ttlS: { min: 1, max: 86_400, usual: 60 },
} as const;

const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

interface Session {
  readonly name: string;
  readonly model: string;
  readonly follower: Follower;
  /** Answers leave in the order in which the pictures came. */
  readonly inTurn: ReturnType<typeof createLock>;
  readonly startedAt: number;
  settings: WatchSettings;
  ttlS: number;
  frames: number;
  lastUs: number;
  unanswered: number;
  /** In ms of performance.now; what is in work keeps a session alive too. */
  endsAt: number;
}

export class TrackSessions {
  private readonly parts: SessionParts;
  private readonly sessions = new Map<string, Session>();

  constructor(parts: SessionParts) {
    this.parts = parts;
  }

  get count(): number {
    this.sweep();
    return this.sessions.size;
  }

  list(): readonly TrackSessionFacts[] {
    this.sweep();
    return [...this.sessions.values()].map(factsOf);
  }

  /** @throws OnboxError `name-invalid`, `session-missing` */
  describe(name: string): TrackSessionFacts {
    return factsOf(this.find(name));
  }

  /** Forgets a session and its tracks. @throws OnboxError `name-invalid`, `session-missing` */
  end(name: string): void {
    this.sessions.delete(this.find(name).name);
  }

  /**
   * Changes a session, or begins it: its model, zones, lines, labels, least confidence and time to live.
   * @throws OnboxError `name-invalid`, `bad-config`, `scene-bad`, `model-missing`, `task-mismatch`, `session-mismatch`, `queue-full`
   */
  async configure(name: string, fields: Fields): Promise<TrackSessionFacts> {
    const { model: given, ttl_s: ttl, ...changes } = fields;
    const model = given === undefined ? undefined : textOf(given, 'model');
    const { min, max } = sessionLimits.ttlS;
    const ttlS = ttl === undefined ? undefined : numberOf(ttl, 'ttl_s', min, max, true);
    // Checked before a session begins, and once more on what it has become meanwhile.
    requireKnown(changeWatch(watchAtFirst, changes).others);
    const { session } = await this.enter(name, model);
    const { settings } = changeWatch(session.settings, changes);
    if (settings.scene !== session.settings.scene) session.follower.watch(settings.scene);
    session.settings = settings;
    session.ttlS = ttlS ?? session.ttlS;
    touch(session);
    return factsOf(session);
  }

  /**
   * Looks at the next picture of a session; without such a session, one begins.
   * @throws OnboxError as `configure`; `track-time` if the picture is not newer than the last one; what detecting throws
   */
  async track(name: string, image: Uint8Array, request: TrackRequest, wait: Wait): Promise<TrackAnswer> {
    const { session, isNew } = await this.enter(name, request.model);
    if (session.unanswered >= sessionLimits.unansweredMax) {
      const message = `${session.unanswered} pictures of the session "${session.name}" are in work already`;
      throw new OnboxError(message, { code: 'queue-full' });
    }
    const timeUs = timeOf(session, request.ptsUs);
    session.lastUs = timeUs;
    session.ttlS = request.ttlS ?? session.ttlS;
    const frame = ++session.frames;
    const { labels, minConfidence } = session.settings;
    const options: Partial<DetectOptions> = {
      minConfidence: request.minConfidence ?? minConfidence ?? minConfidences.tracked,
      ...(labels === undefined ? {} : { labels }),
    };
    session.unanswered++;
    try {
      const detected = this.parts.detect(session.model, image, options, {
        ...wait,
        source: session,
        priority: request.priority,
      });
      return await session.inTurn(async () => follow(session, await detected, frame, timeUs));
    } catch (error) {
      // A first picture that cannot be looked at leaves no session behind.
      if (isNew && session.frames === 1) this.sessions.delete(session.name);
      throw error;
    } finally {
      session.unanswered--;
      touch(session);
    }
  }

  /** The session of that name, begun if there is none. */
  private async enter(
    name: string,
    model: string | undefined,
  ): Promise<{ readonly session: Session; readonly isNew: boolean }> {
    requireName(name);
    this.sweep();
    const known = this.sessions.get(name);
    if (known !== undefined && (model === undefined || model === known.model)) return { session: known, isNew: false };
    const { name: resolved } = await this.parts.streamed(model);
    // Another request may have begun it meanwhile.
    const found = this.sessions.get(name);
    if (found !== undefined) {
      if (model === undefined || resolved === found.model) return { session: found, isNew: false };
      const message = `the session "${name}" looks with "${found.model}", not with "${resolved}"; end it first`;
      throw new OnboxError(message, { code: 'session-mismatch' });
    }
    if (this.sessions.size >= sessionLimits.sessionsMax) {
      throw new OnboxError(`${this.sessions.size} sessions are open already`, { code: 'queue-full' });
    }
    const session = begin(name, resolved);
    this.sessions.set(name, session);
    return { session, isNew: true };
  }

  private find(name: string): Session {
    requireName(name);
    this.sweep();
    const session = this.sessions.get(name);
    if (session !== undefined) return session;
    throw new OnboxError(`there is no session "${name}"`, { code: 'session-missing' });
  }

  private sweep(): void {
    const now = performance.now();
    for (const [name, { endsAt, unanswered }] of this.sessions) {
      if (unanswered === 0 && endsAt <= now) this.sessions.delete(name);
    }
  }
}

function begin(name: string, model: string): Session {
  const session: Session = {
    name,
    model,
    follower: new Follower(watchAtFirst.scene),
    inTurn: createLock(),
    startedAt: performance.now(),
    settings: watchAtFirst,
    ttlS: sessionLimits.ttlS.usual,
    frames: 0,
    lastUs: -1,
    unanswered: 0,
    endsAt: 0,
  };
  touch(session);
  return session;
}

function touch(session: Session): void {
  session.endsAt = performance.now() + session.ttlS * 1000;
}

/** @throws OnboxError `track-time` */
function timeOf({ name, startedAt, lastUs }: Session, ptsUs: number | undefined): number {
  const timeUs = ptsUs ?? Math.max(lastUs + 1, Math.round((performance.now() - startedAt) * 1000));
  if (timeUs > lastUs) return timeUs;
  const message = `pts_us of the session "${name}" must increase: ${timeUs} came after ${lastUs}`;
  throw new OnboxError(message, { code: 'track-time' });
}

function follow(session: Session, detected: FrameAnswer, frame: number, timeUs: number): TrackAnswer {
  const { pre: _, ms, objects: found, image, ...facts } = detected;
  const start = performance.now();
  const { objects, events } = session.follower.follow(found, frame, timeUs, image);
  const track = Math.round((performance.now() - start) * 1000) / 1000;
  return { session: session.name, ...facts, frame, pts_us: timeUs, image, objects, events, ms: { ...ms, track } };
}

function factsOf({ name, model, frames, ttlS, endsAt, settings }: Session): TrackSessionFacts {
  const { minConfidence, labels, scene } = settings;
  return {
    session: name,
    model,
    frames,
    ttl_s: ttlS,
    ends_in_s: Math.max(0, Math.ceil((endsAt - performance.now()) / 1000)),
    min_confidence: minConfidence ?? minConfidences.tracked,
    labels: labels ?? null,
    zones: scene.zones.map(({ dwellS, ...zone }) => ({ ...zone, ...(dwellS === undefined ? {} : { dwell_s: dwellS }) })),
    lines: scene.lines,
  };
}

function requireName(name: string): void {
  if (namePattern.test(name)) return;
  const message = 'the name of a session is 1 to 64 of A-Z, a-z, 0-9, ".", "_", "-" and starts with a letter or digit';
  throw new OnboxError(`${message}, got ${printFact(name.slice(0, 80))}`, { code: 'name-invalid' });
}
