// The typed door to the native addon; the only require of the binary.

/** Where a kernel's buffer lies. */
export type Space = 'arena' | 'weights' | 'input';

export interface BufferRef {
  readonly space: Space;
  /** Byte offset in the arena or the weights; the index of the input for `input`. */
  readonly offset: number;
}

/** One kernel launch: iterations 0..extent are shared out among the threads. */
export interface Launch {
  readonly kernel: number;
  readonly extent: number;
  readonly buffers: readonly BufferRef[];
}

export interface SessionOptions {
  /** Absolute path of the shared object. */
  readonly object: string;
  /** Absolute path of the packed weights, which are memory-mapped read-only. */
  readonly weights: string;
  readonly arenaBytes: number;
  /** Launches in order. Several plans share the arena and weights (tensor input, image input). */
  readonly plans: readonly (readonly Launch[])[];
  /** Least bytes of each input. */
  readonly inputBytes: readonly number[];
  readonly threads: number;
}

/** A loaded module. One run at a time; runs may be awaited from the event loop. */
export interface NativeSession {
  /**
   * Runs a plan on a worker thread. `inputs[i]` is read in place (u8 or float bytes) and must not change until it settles;
   * entries that the plan does not name may be undefined.
   */
  run(plan: number, inputs: readonly (Uint8Array | undefined)[]): Promise<void>;
  /** As `run`, and returns the nanoseconds of every launch. */
  profile(plan: number, inputs: readonly (Uint8Array | undefined)[]): Promise<Float64Array>;
  /** A view of the arena without a copy; valid until the next run or close. */
  view(offset: number, bytes: number): Uint8Array;
  /** Unmaps everything. Views must not be used afterwards. */
  close(): void;
}

export interface NativeAddon {
  createSession(options: SessionOptions): NativeSession;
  /** HWCAP, HWCAP2 of getauxval on Arm; 0 elsewhere. */
  hwcap(): { readonly hwcap: number; readonly hwcap2: number };
}
