// The child that runs candidates: it may crash or hang at any of them, so it says which one it starts. Started by measure.ts with
// fork().

import { readFileSync, writeFileSync } from 'node:fs';
import type { NativeSession } from '../../addon/index.js';
import { errorCode, errorMessage } from '../core/error.js';
import { halfToNumber } from '../core/float16.js';
import { dtypeBytes, type TensorData, viewBytes } from '../core/tensor.js';
import type { FromMeasurer, Measured, MeasureRequest, Region, ToMeasurer } from './measure-messages.js';
import { createNativeSession } from './native.js';
import { fillNoise } from './noise.js';
import { createOpenclSession } from './opencl-session.js';

/** Runs of a candidate, at least and at most. */
const runsMin = 5;
const runsMax = 400;
/** A candidate this much slower than the best so far is not worth more runs. */
const hopeless = 1.3;
/** Runs of the reference each time, fewer where they take longer than this. */
const referenceRuns = 9;
const referenceRunsMin = 3;
const referenceNsMax = 6e6;

class Measurer {
  private readonly request: MeasureRequest;
  private readonly session: NativeSession;
  private readonly copies: number;

  constructor(request: MeasureRequest) {
    this.request = request;
    this.copies = request.candidates[0]?.length ?? 1;
    this.session = openSession(request);
    for (const { seed, ...region } of request.inputs) {
      fillNoise(region.dtype, this.view(region), seed);
      this.commit(region);
    }
  }

  async run(first: number): Promise<void> {
    const { candidates, reference, capture } = this.request;
    if (capture && first === 0) await this.capture();
    // Only once it is known to end: it may be the one that does not.
    let before = first > reference ? await this.timeReference() : 0;
    for (let candidate = first; candidate < candidates.length; candidate++) {
      send({ kind: 'started', candidate });
      const error = capture ? 0 : await this.errorOf(candidate);
      if (!(error <= this.request.errorMax)) {
        send({ kind: 'measured', candidate, measured: { outcome: 'wrong', error } });
        continue;
      }
      const { nanoseconds, runs } = await this.time(candidate);
      const after = candidate < reference ? nanoseconds : await this.timeReference();
      const referenceNs = before === 0 ? after : Math.sqrt(before * after);
      before = candidate < reference ? 0 : after;
      send({ kind: 'measured', candidate, measured: { outcome: 'ok', nanoseconds, referenceNs, runs } satisfies Measured });
    }
  }

  /** Writes what the first candidate computes as the truth. */
  private async capture(): Promise<void> {
    this.poison();
    await this.session.run(0, []);
    const outputs = this.request.outputs[0] ?? [];
    writeFileSync(this.request.truth, Buffer.concat(outputs.map((region) => this.bytes(region))));
  }

  /** Infinite where only one of two numbers is NaN. */
  private async errorOf(candidate: number): Promise<number> {
    this.poison();
    await this.session.run(candidate * this.copies, []);
    const truth = readFileSync(this.request.truth);
    let at = 0;
    let worst = 0;
    for (const region of this.request.outputs[0] ?? []) {
      const length = region.count * dtypeBytes(region.dtype);
      const want = viewBytes(region.dtype, new Uint8Array(truth.subarray(at, at + length)));
      worst = Math.max(worst, relativeError(region, this.view(region), want));
      at += length;
    }
    return worst;
  }

  /** So that what a candidate forgets to write is seen: all bits set are NaN as a float. */
  private poison(): void {
    for (const region of this.request.outputs[0] ?? []) {
      this.bytes(region).fill(0xff);
      this.commit(region);
    }
  }

  private async time(candidate: number): Promise<{ nanoseconds: number; runs: number }> {
    const { budgetMs, incumbentNs } = this.request;
    const times: number[] = [];
    let spentNs = 0;
    // The first run of a copy brings in its code and pages.
    for (let copy = 0; copy < this.copies; copy++) spentNs += await this.runOnce(candidate, copy);
    while (times.length < runsMax) {
      const enough = spentNs > budgetMs * 1e6 && times.length >= runsMin;
      const isHopeless = incumbentNs > 0 && times.length >= 3 && Math.min(...times) > incumbentNs * hopeless;
      if (enough || isHopeless) break;
      const nanoseconds = await this.runOnce(candidate, times.length % this.copies);
      times.push(nanoseconds);
      spentNs += nanoseconds;
    }
    return { nanoseconds: typical(times), runs: times.length };
  }

  private async timeReference(): Promise<number> {
    const times: number[] = [];
    let spentNs = 0;
    while (times.length < referenceRuns && (times.length < referenceRunsMin || spentNs < referenceNsMax)) {
      times.push(await this.runOnce(this.request.reference, times.length % this.copies));
      spentNs += times.at(-1) ?? 0;
    }
    return typical(times);
  }

  private async runOnce(candidate: number, copy: number): Promise<number> {
    const launches = await this.session.profile(candidate * this.copies + copy, []);
    return launches.reduce((sum, nanoseconds) => sum + nanoseconds, 0);
  }

  private bytes({ offset, dtype, count }: Region): Uint8Array {
    return this.session.view(offset, count * dtypeBytes(dtype));
  }

  private commit({ offset, dtype, count }: Region): void {
    this.session.commit(offset, count * dtypeBytes(dtype));
  }

  private view(region: Region): TensorData {
    return viewBytes(region.dtype, this.bytes(region));
  }
}

/** Nothing is brought to the host by itself: what is compared is fetched when it is looked at. */
function openSession({ object, weights, arenaBytes, threads, candidates, opencl }: MeasureRequest): NativeSession {
  const options = { object, weights, arenaBytes, plans: candidates.flat(), inputBytes: [], threads };
  if (opencl === undefined) return createNativeSession(options);
  const { device, source, switches } = opencl;
  return createOpenclSession({ ...options, device, program: { source, switches, binary: '' }, outputs: [] });
}

/** The lower quartile: what else the machine does only ever adds to a time, and the very least may be luck. */
function typical(times: readonly number[]): number {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[(sorted.length - 1) >> 2] ?? 0;
}

/** Of floats, the largest difference over the largest magnitude; of others, the share of elements that differ. */
function relativeError({ dtype, count }: Region, got: TensorData, want: TensorData): number {
  const isFloat = dtype === 'f32' || dtype === 'f64' || dtype === 'f16';
  const number = (value: number | bigint | undefined): number =>
    dtype === 'f16' ? halfToNumber(Number(value)) : Number(value);
  let difference = 0;
  let magnitude = 0;
  for (let i = 0; i < count; i++) {
    if (!isFloat) {
      difference += got[i] === want[i] ? 0 : 1 / count;
      continue;
    }
    const [a, b] = [number(got[i]), number(want[i])];
    if (Number.isFinite(b)) magnitude = Math.max(magnitude, Math.abs(b));
    if (a === b || (Number.isNaN(a) && Number.isNaN(b))) continue;
    const distance = Math.abs(a - b);
    difference = Math.max(difference, Number.isNaN(distance) ? Number.POSITIVE_INFINITY : distance);
  }
  return isFloat && magnitude > 0 ? difference / magnitude : difference;
}

function send(message: FromMeasurer): void {
  if (process.connected) process.send?.(message, () => undefined);
}

function serve(): void {
  // Without a parent nobody waits for the answer.
  process.on('disconnect', () => process.exit(0));
  // Ctrl-C reaches the whole group; what is being measured is the parent's to end.
  process.on('SIGINT', () => undefined);
  process.once('message', ({ request, first }: ToMeasurer) => {
    measureAll(request, first).then(
      () => send({ kind: 'done' }),
      (error: unknown) => send({ kind: 'failed', code: errorCode(error), message: errorMessage(error) }),
    );
  });
}

async function measureAll(request: MeasureRequest, first: number): Promise<void> {
  await new Measurer(request).run(first);
}

if (require.main === module) serve();
