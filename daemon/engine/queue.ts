// Who is served next. Every model has a queue of its own, and those that have something to do share the device by the time they take,
// not by the number of their requests, so that a slow model does not hold up a quick one. Within a model the urgent go first, and those
// who ask take turns: a client with a hundred requests gets no more than a stream with one. (Start-time fair queueing, Goyal and others 1996.)

/** 1 is served before 2, which is usual, and that before 3. */
export type Priority = 1 | 2 | 3;

export const usualPriority: Priority = 2;

/** What the queue knows of a request. */
export interface Queued {
  readonly module: string;
  readonly priority: Priority;
  /** Who asks; requests of the same source are served in their order. */
  readonly source: unknown;
}

/** Where the time of a request went, in ms. */
export interface Spent {
  /** On the device, where nothing else could run meanwhile. */
  readonly device: number;
  /** Before that, while others could. */
  readonly before: number;
}

/** The requests of one model. */
interface Lane<T> {
  /** By priority, those who wait in the order of their turns, each with its requests. */
  readonly turns: readonly [Map<unknown, T[]>, Map<unknown, T[]>, Map<unknown, T[]>];
  count: number;
  /** Device time that the model has had, in ms of the queue's clock. */
  hadMs: number;
  /** What a request of it takes, as measured; undefined before the first. */
  spent: Spent | undefined;
  /** Requests that were taken and have not come back. */
  out: number;
}

/** What a request is taken to need while nothing is known, in ms. */
const deviceMsFirst = 1;

/** Share of a new measurement in what is expected. */
const learningShare = 0.2;

export class FairQueue<T extends Queued> {
  private readonly lanes = new Map<string, Lane<T>>();
  /** Were taken before and come first. */
  private readonly again: T[] = [];
  /** Device time that the model which was served last had had before. */
  private clockMs = 0;
  private waiting = 0;

  get size(): number {
    return this.waiting + this.again.length;
  }

  /** Requests of a model that wait. */
  countOf(module: string): number {
    return this.lanes.get(module)?.count ?? 0;
  }

  /** How long one more request of a model would wait, in ms, if the models that are busy share the device; 0 if nothing is known. */
  waitMsOf(module: string): number {
    const lane = this.lanes.get(module);
    if (lane?.spent === undefined) return 0;
    const others = [...this.lanes.values()].filter((each) => each !== lane && each.count > 0).length;
    return lane.count * lane.spent.device * (others + 1);
  }

  push(request: T): void {
    const lane = this.laneOf(request.module);
    // A model that had nothing to do has saved nothing up.
    if (lane.count === 0) lane.hadMs = Math.max(lane.hadMs, this.clockMs);
    const turns = lane.turns[request.priority - 1] as Map<unknown, T[]>;
    const own = turns.get(request.source);
    if (own === undefined) turns.set(request.source, [request]);
    else own.push(request);
    lane.count++;
    this.waiting++;
  }

  /** Puts back what was taken, before all that waits. */
  putBack(requests: readonly T[]): void {
    for (const { module } of requests) this.laneOf(module).out--;
    this.again.unshift(...requests);
  }

  /**
   * Takes out the request that is next.
   * @param mayTake whether it may be served now; it stays in its place where not
   */
  take(mayTake: (request: T, depth: Depth) => boolean): T | undefined {
    const [first] = this.again;
    if (first !== undefined) {
      const lane = this.laneOf(first.module);
      if (!mayTake(first, depthOf(lane))) return undefined;
      this.again.shift();
      lane.out++;
      return first;
    }
    const lane = this.nextLane();
    const turns = lane?.turns.find(({ size }) => size > 0);
    const [turn] = turns ?? [];
    const request = turn?.[1][0];
    if (lane === undefined || turns === undefined || turn === undefined || request === undefined) return undefined;
    if (!mayTake(request, depthOf(lane))) return undefined;
    const [source, own] = turn;
    own.shift();
    turns.delete(source);
    if (own.length > 0) turns.set(source, own);
    lane.count--;
    this.waiting--;
    this.clockMs = Math.max(this.clockMs, lane.hadMs);
    lane.hadMs += lane.spent?.device ?? deviceMsFirst;
    lane.out++;
    return request;
  }

  /** A request that was taken has come back. @param spent undefined if it failed */
  settle({ module }: T, spent: Spent | undefined): void {
    const lane = this.laneOf(module);
    lane.out--;
    if (spent !== undefined) {
      const expected = lane.spent;
      lane.hadMs += spent.device - (expected?.device ?? deviceMsFirst);
      lane.spent = expected === undefined ? spent : mix(expected, spent);
    }
    this.sweep(module, lane);
  }

  /** Takes out a request that nobody waits for any more; false if it is not here. */
  remove(request: T): boolean {
    const index = this.again.indexOf(request);
    if (index >= 0) {
      this.again.splice(index, 1);
      return true;
    }
    const lane = this.lanes.get(request.module);
    const turns = lane?.turns[request.priority - 1];
    const own = turns?.get(request.source);
    const at = own?.indexOf(request) ?? -1;
    if (lane === undefined || own === undefined || at < 0) return false;
    own.splice(at, 1);
    if (own.length === 0) turns?.delete(request.source);
    lane.count--;
    this.waiting--;
    this.sweep(request.module, lane);
    return true;
  }

  all(): T[] {
    const rest = [...this.lanes.values()].flatMap(({ turns }) => turns.flatMap((each) => [...each.values()].flat()));
    return [...this.again, ...rest];
  }

  /** The model with something to do that has had the least time. */
  private nextLane(): Lane<T> | undefined {
    let next: Lane<T> | undefined;
    for (const lane of this.lanes.values()) {
      if (lane.count > 0 && (next === undefined || lane.hadMs < next.hadMs)) next = lane;
    }
    return next;
  }

  private laneOf(module: string): Lane<T> {
    const found = this.lanes.get(module);
    if (found !== undefined) return found;
    const lane: Lane<T> = {
      turns: [new Map(), new Map(), new Map()],
      count: 0,
      hadMs: this.clockMs,
      spent: undefined,
      out: 0,
    };
    this.lanes.set(module, lane);
    return lane;
  }

  /** Forgets models that were replaced: there are few, but a daemon lives for years. What the busy ones take stays known. */
  private sweep(module: string, lane: Lane<T>): void {
    if (this.lanes.size > lanesMax && lane.count === 0 && lane.out === 0) this.lanes.delete(module);
  }
}

/** What the way to the device and back may take, and the least that a run does, in ms. */
const wayMs = 0.5;
const deviceMsMin = 0.05;

/** Models whose times are remembered though they have nothing to do. */
const lanesMax = 64;

/** How many requests of a model are with the device, and how many keep it busy: one runs while the others are made ready. */
export interface Depth {
  readonly out: number;
  readonly wanted: number;
}

function depthOf<T>({ out, spent }: Lane<T>): Depth {
  if (spent === undefined) return { out, wanted: Number.POSITIVE_INFINITY };
  return { out, wanted: 2 + Math.floor((spent.before + wayMs) / Math.max(spent.device, deviceMsMin)) };
}

function mix(before: Spent, now: Spent): Spent {
  const between = (a: number, b: number): number => a + (b - a) * learningShare;
  return { device: between(before.device, now.device), before: between(before.before, now.before) };
}
