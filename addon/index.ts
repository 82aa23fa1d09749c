// The typed door to the native addon; the only require of the binary.

/** Where a kernel's buffer lies. */
export type Space = 'arena' | 'weights' | 'input';

export interface BufferRef {
  readonly space: Space;
  /** Byte offset in the arena or the weights, a multiple of 8; the index of the input for `input`. */
  readonly offset: number;
}

/** One kernel launch on the CPU: iterations 0..extent are shared out among the threads. */
export interface Launch {
  /** Index in the module's table of kernels, whose entry must not be null. */
  readonly kernel: number;
  readonly extent: number;
  readonly buffers: readonly BufferRef[];
}

/** Routines of the addon itself (addon/src/host). */
export const hostRoutines = ['top-k', 'recurrence', 'non-max-suppression', 'non-zero'] as const;

export type HostRoutine = (typeof hostRoutines)[number];

/** A launch of a routine of the addon instead of a kernel of the module, whose entry is null. Its first buffer holds parameters, int64. */
export interface HostLaunch extends Launch {
  readonly routine: HostRoutine;
}

/** By dimension 0, 1, 2 of OpenCL. */
export type Grid = readonly [number, number, number];

/**
 * One kernel launch on the OpenCL device. Kernel i is the function `k<i>` of the program, with two arguments for each buffer: first all
 * pointers, then all offsets,
 *
 *     __kernel __attribute__((reqd_work_group_size(8, 4, 1)))
 *     void k3(__global const float* restrict b0, __global float* restrict b1, const uint o0, const uint o1)
 *
 * A pointer is the start of the whole arena, of the weights or of an input (always with offset 0), and its offset counts bytes. So a
 * kernel begins with `__global const float* x = (__global const float*)((__global const uchar*)b0 + o0);`. Sub-buffers would save the
 * addition, but begin only at multiples of CL_DEVICE_MEM_BASE_ADDR_ALIGN (128 bytes on Mali, 512 on NVIDIA), and parts of a
 * concatenation lie at multiples of 8; offsets as literals would save it too, at the price of one kernel to compile for each place that
 * a kernel is launched from, where a module has up to ten. `restrict` holds: values that a kernel writes overlap no other of its buffers.
 */
export interface ClLaunch {
  readonly kernel: number;
  /** Work-items, at least 1, a multiple of `local` in each dimension. */
  readonly global: Grid;
  readonly local: Grid;
  readonly buffers: readonly BufferRef[];
}

/**
 * A region of the model on an NPU. Its buffers hold f32, row-major; the addon turns them into the types of the region. Where the device
 * answers, the `fallback` steps after this one are left out: they compute the same on the CPU. A region that failed three times in a
 * row, and every region of a device that is lost, is not tried again.
 */
export interface NpuLaunch {
  /** Index in NpuOptions.regions. */
  readonly region: number;
  readonly fallback: number;
  /** The inputs of the region in order, then its outputs; in the arena, but for inputs of the model. */
  readonly buffers: readonly BufferRef[];
}

/** Types of onbox_npu.h. */
export type NpuDtype = 'f32' | 'f16' | 'i8' | 'u8' | 'i32' | 'i16';

/** Operators of onbox_npu.h, whose numbers are those of an NpuNode. */
export const npuOperators = [
  'conv',
  'gemm',
  'max-pool',
  'average-pool',
  'relu',
  'clip',
  'add',
  'concat',
  'reshape',
  'softmax',
  'sigmoid',
  'mul',
  'transpose',
  'resize',
] as const;
export type NpuOperator = (typeof npuOperators)[number];

export interface NpuTensor {
  readonly dtype: NpuDtype;
  readonly shape: readonly number[];
  /** real = scale * (stored - zero): one for the tensor, or one for each index along `axis`. */
  readonly scales?: readonly number[];
  readonly zeros?: readonly number[];
  readonly axis?: number;
  /** Of a constant: the byte in the weights at which it lies. */
  readonly offset?: number;
}

export interface NpuNode {
  readonly op: NpuOperator;
  /** Indices of tensors; -1 for an operand that is left out. */
  readonly inputs: readonly number[];
  readonly output: number;
  /** At most 12 whole numbers and 4 floats. */
  readonly integers: readonly number[];
  readonly floats: readonly number[];
}

/** What a plugin compiles: onbox_npu_subgraph. */
export interface NpuSubgraph {
  readonly tensors: readonly NpuTensor[];
  readonly nodes: readonly NpuNode[];
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
}

export interface NpuPlugin {
  /** Absolute path of a shared object, which becomes code of this process. */
  readonly path: string;
  /** Lines KEY=VALUE, as the plugin's documentation says. */
  readonly options: string;
}

export interface NpuOptions {
  readonly plugin: NpuPlugin;
  readonly regions: readonly NpuSubgraph[];
  /** Of a run, after which the device is lost. */
  readonly timeoutMs: number;
}

/** How a region does. */
export interface NpuState {
  readonly mode: 'ready' | 'failed' | 'lost';
  /** Of the last failure, '' where there was none. */
  readonly reason: string;
  readonly runs: number;
  readonly failures: number;
}

/** onbox_npu_info. */
export interface NpuFacts {
  readonly plugin: string;
  readonly version: string;
  readonly device: string;
  readonly runtime: string;
  readonly driver: string;
  readonly cores: number;
  /** 0 where the plugin does not know. */
  readonly memoryBytes: number;
}

/** Where a session finds its OpenCL device and program. */
export interface ClOptions {
  /** Of an `OpenclPlatform`, and its number there. */
  readonly library: string;
  readonly platform: number;
  readonly device: number;
  /** Of its OpenclFacts: buffers are mapped where host and device share memory, else copied. */
  readonly isMemoryUnified: boolean;
  /** Absolute path of the program, OpenCL C 1.2, without #include. */
  readonly source: string;
  /** Build options, as `-cl-std=CL1.2 -cl-mad-enable`. */
  readonly buildOptions: string;
  /** Absolute path of a file that keeps the compiled program, or '' for none. */
  readonly binary: string;
  /**
   * Digest of driver, device, source and build options, a word. A kept program of another key is not used, and neither is one that the
   * driver refuses: it is built from source and kept instead.
   */
  readonly binaryKey: string;
  /** Parts of the arena that a run copies to the host, where `view` then finds them. */
  readonly outputs: readonly { readonly offset: number; readonly bytes: number }[];
  /** Limits for what the driver allows more of: a plan or kernel beyond them is a `module-plan` error before anything runs. */
  readonly workGroupMax: number;
  readonly localBytesMax: number;
}

export interface SessionOptions {
  /** Absolute path of the shared object; '' where no launch runs on the CPU. */
  readonly object: string;
  /** Absolute path of the packed weights, which are memory-mapped read-only. */
  readonly weights: string;
  readonly arenaBytes: number;
  /**
   * Launches in order. Several plans share the arena and weights (tensor input, image input). Launches on the CPU and on the OpenCL
   * device may stand in one plan: the device is waited for before one on the CPU, and the arena mapped for it.
   */
  readonly plans: readonly (readonly (Launch | HostLaunch | ClLaunch | NpuLaunch)[])[];
  /** Least bytes of each input. */
  readonly inputBytes: readonly number[];
  readonly threads: number;
  /** For plans with a `ClLaunch`. */
  readonly opencl?: ClOptions;
  /** For plans with an `NpuLaunch`; not beside `opencl`. */
  readonly npu?: NpuOptions;
}

/**
 * A loaded module. One run at a time; runs may be awaited from the event loop. Every error is an Error with a `code`:
 * `session-busy`, `session-closed`, `input-missing`, `input-bytes`, `module-plan`, `native-argument`, and `opencl-failed`, which names
 * the call and the error of OpenCL. After that the device may have lost the session's memory: open another.
 */
export interface NativeSession {
  /**
   * Runs a plan on a worker thread. `inputs[i]` is read in place (u8 or float bytes) and must not change until it settles;
   * entries that the plan does not name may be undefined.
   */
  run(plan: number, inputs: readonly (Uint8Array | undefined)[]): Promise<void>;
  /** As `run`, and returns the nanoseconds of every launch: on an OpenCL device from its start to its end, without what is between. */
  profile(plan: number, inputs: readonly (Uint8Array | undefined)[]): Promise<Float64Array>;
  /**
   * A view of the arena without a copy; its content is valid until the next run. With OpenCL it is a view of the host's copy of the
   * arena: outputs are there after a run, anything else is copied by this call, which throws `session-busy` while a run goes on.
   */
  view(offset: number, bytes: number): Uint8Array;
  /** Makes what was written to a view known to the device; on the CPU there is nothing to do. Not while a run goes on. */
  commit(offset: number, bytes: number): void;
  /** The regions on the NPU, in their order. */
  npu(): readonly NpuState[];
  /**
   * Lets go of code, weights and memory: at once, or when the run in progress has ended. The arena stays mapped for as long as
   * a view of it is reachable.
   */
  close(): void;
}

/** Of CL_PLATFORM_*. */
export interface OpenclPlatform {
  /** The entry of `libraries` that was loaded. */
  readonly library: string;
  readonly name: string;
  readonly vendor: string;
  readonly version: string;
  readonly devices: readonly OpenclFacts[];
}

/** Of CL_DEVICE_*, as the driver reports it. */
export interface OpenclFacts {
  readonly name: string;
  readonly vendor: string;
  /** CL_DRIVER_VERSION and CL_DEVICE_VERSION. */
  readonly driver: string;
  readonly version: string;
  readonly type: 'cpu' | 'gpu' | 'other';
  readonly isAvailable: boolean;
  readonly hasCompiler: boolean;
  readonly extensions: readonly string[];
  readonly units: number;
  readonly megahertz: number;
  readonly globalBytes: number;
  /** Of one buffer. */
  readonly allocBytesMax: number;
  readonly cacheLineBytes: number;
  readonly cacheBytes: number;
  readonly localBytes: number;
  /** False where local memory is a part of global memory, as on Mali. */
  readonly isLocalDedicated: boolean;
  readonly isMemoryUnified: boolean;
  readonly workGroupMax: number;
  readonly workItemMax: Grid;
  /** Lanes of float and half that the driver prefers; 0 for half where there is no arithmetic on it. */
  readonly floatLanes: number;
  readonly halfLanes: number;
}

export interface NativeAddon {
  /**
   * Opens a module, maps its weights and checks its plans.
   * Throws an Error with a `code`: `module-open`, `module-abi`, `module-plan` (a number out of bounds), `weights-open`,
   * `arena-memory`, `threads-unavailable`, `native-argument`; with `opencl` also `opencl-missing` (no library, platform or device of
   * that number), `opencl-build` (the program does not compile; with the compiler's log), `opencl-failed`.
   */
  createSession(options: SessionOptions): NativeSession;
  /**
   * What the first of `libraries` that has a platform says of all of them; nothing where one loads but none has a platform. It runs
   * the drivers' code, which may crash or hang: only a process that may be lost calls it. @throws Error with the code
   * `opencl-missing` where none loads, naming what each said
   */
  listOpencl(libraries: readonly string[]): readonly OpenclPlatform[];
  /**
   * Opens a plugin and asks which nodes of a subgraph it supports; without one, only what it says of itself. It runs the plugin's code.
   * @param constants that the offsets of the tensors point into
   * @throws Error with the code `npu-plugin` if it is no plugin, `npu-open` with its reason, `npu-failed`, `module-plan`
   */
  askNpu(
    plugin: NpuPlugin,
    subgraph?: NpuSubgraph,
    constants?: Uint8Array,
  ): NpuFacts & { readonly supported: readonly boolean[] };
  /** HWCAP, HWCAP2 of getauxval on Arm; 0 elsewhere. */
  hwcap(): { readonly hwcap: number; readonly hwcap2: number };
}

/** Loads the native binary on the first call. @throws Error of Node if it has not been built */
export function loadAddon(): NativeAddon {
  return require('#native') as NativeAddon;
}
