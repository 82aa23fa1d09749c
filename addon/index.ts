// The typed door to the native addon; the only require of the binary.

/** Where a kernel's buffer lies. */
export type Space = 'arena' | 'weights' | 'input';

export interface BufferRef {
  readonly space: Space;
  /** Byte offset in the arena or the weights, a multiple of 8; the index of the input for `input`. */
  readonly offset: number;
}

/** One kernel launch: iterations 0..extent are shared out among the threads. */
export interface Launch {
  /** Index in the module's table of kernels. */
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

/**
 * A loaded module. One run at a time; runs may be awaited from the event loop. Every error is an Error with a `code`:
 * `session-busy`, `session-closed`, `input-missing`, `input-bytes`, `module-plan`, `native-argument`.
 */
export interface NativeSession {
  /**
   * Runs a plan on a worker thread. `inputs[i]` is read in place (u8 or float bytes) and must not change until it settles;
   * entries that the plan does not name may be undefined.
   */
  run(plan: number, inputs: readonly (Uint8Array | undefined)[]): Promise<void>;
  /** As `run`, and returns the nanoseconds of every launch. */
  profile(plan: number, inputs: readonly (Uint8Array | undefined)[]): Promise<Float64Array>;
  /** A view of the arena without a copy; its content is valid until the next run. */
  view(offset: number, bytes: number): Uint8Array;
  /**
   * Lets go of code, weights and memory: at once, or when the run in progress has ended. The arena stays mapped for as long as
   * a view of it is reachable.
   */
  close(): void;
}

export interface NativeAddon {
  /**
   * Opens a module, maps its weights and checks its plans.
   * Throws an Error with a `code`: `module-open`, `module-abi`, `module-plan` (a number out of bounds), `weights-open`,
   * `arena-memory`, `threads-unavailable`, `native-argument`.
   */
  createSession(options: SessionOptions): NativeSession;
  /** HWCAP, HWCAP2 of getauxval on Arm; 0 elsewhere. */
  hwcap(): { readonly hwcap: number; readonly hwcap2: number };
}

/** Loads the native binary on the first call. @throws Error of Node if it has not been built */
export function loadAddon(): NativeAddon {
  return require('#native') as NativeAddon;
}
