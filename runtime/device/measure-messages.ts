// What a measurement and the child that makes it say to each other.

import type { ClLaunch, Launch } from '../../addon/index.js';
import type { Dtype } from '../core/tensor.js';
import type { OpenclDevice } from './opencl.js';

/** A buffer in the arena. */
export interface Region {
  readonly offset: number;
  readonly dtype: Dtype;
  /** Elements. */
  readonly count: number;
}

export interface MeasureRequest {
  /** Absolute paths of the shared object ('' where all candidates are for an OpenCL device) and the weights. */
  readonly object: string;
  readonly weights: string;
  readonly arenaBytes: number;
  readonly threads: number;
  /** What is filled with noise of the seed before anything runs. */
  readonly inputs: readonly (Region & { readonly seed: number })[];
  /** By copy of the data: what the candidates write. */
  readonly outputs: readonly (readonly Region[])[];
  /** By candidate and copy of the data: the launches. Runs take turns with the copies, so that caches are not all warm. */
  readonly candidates: readonly (readonly (readonly (Launch | ClLaunch)[])[])[];
  /** The candidate that is timed again and again, to tell when the whole machine has become slower. */
  readonly reference: number;
  /** A file with the right content of `outputs[0]`, one after the other; it is written by the first candidate if `capture` is set. */
  readonly truth: string;
  readonly capture: boolean;
  /** Largest error of an output, relative to its largest magnitude. */
  readonly errorMax: number;
  /** The best time so far: what is clearly slower is not measured to the end. 0 where there is none. */
  readonly incumbentNs: number;
  /** Time for the runs of one candidate. */
  readonly budgetMs: number;
  /** Where candidates run on an OpenCL device: it, the absolute path of the program, and what it is compiled with. */
  readonly opencl?: { readonly device: OpenclDevice; readonly source: string; readonly switches: readonly string[] };
}

/** Nanoseconds, lower quartiles of the runs. */
export interface Timing {
  readonly nanoseconds: number;
  /** The reference, shortly before and after. */
  readonly referenceNs: number;
  readonly runs: number;
}

export type Measured =
  | ({ readonly outcome: 'ok' } & Timing)
  | { readonly outcome: 'wrong'; readonly error: number }
  | { readonly outcome: 'crashed' | 'timeout' };

/** `first` is the candidate to begin with: those before it were measured, or broke another child. */
export interface ToMeasurer {
  readonly request: MeasureRequest;
  readonly first: number;
}

export type FromMeasurer =
  | { readonly kind: 'started'; readonly candidate: number }
  | { readonly kind: 'measured'; readonly candidate: number; readonly measured: Measured }
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string };
