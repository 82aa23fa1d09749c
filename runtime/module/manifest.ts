// The manifest of a compiled module: what a program must know to feed it, run it and read its answer. JSON on disk.

import type { ClLaunch, HostLaunch, Launch, NpuLaunch, NpuSubgraph } from '../../addon/index.js';
import type { Dtype, Shape } from '../core/tensor.js';

/** The format of the manifest; a module of another format is rebuilt from its ONNX. */
export const manifestFormat = 2;

/** Version of the compiler, as in package.json; a module of another one is rebuilt. */
export const compilerVersion = '0.1.0';

export type Task = 'detect' | 'classify' | 'embed' | 'other';

/** How a picture becomes the model's input. The first kernel computes (pixel - mean) / std for pixels 0..255 by channel. */
export interface ImageInput {
  /** Name of the graph input that it feeds. */
  readonly input: string;
  readonly width: number;
  readonly height: number;
  /** Order of the model's channels; pictures are RGB. `gray` weighs them by ITU-R BT.601 for a model of one channel. */
  readonly colors: 'rgb' | 'bgr' | 'gray';
  /** By channel of the model, in its order, in units of pixels 0..255. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
  /** True where the graph input is [1,h,w,c] instead of [1,c,h,w]. */
  readonly channelsLast: boolean;
  readonly fit: 'letterbox' | 'stretch' | 'crop';
  /** Where a letterboxed picture lies. */
  readonly anchor: 'center' | 'top-left';
  /** Grey of the letterbox border, 0..255. */
  readonly fill: number;
  /** For `crop`: the share of the shorter side that the centre crop keeps, 224/256 for ImageNet models. */
  readonly cropShare: number;
}

/** A picture of the model's size, [1,h,w,3] RGB: bytes, or u16 that count 256ths of them (image.ts says for which models). */
export type Pixels = Uint8Array | Uint16Array;

/** Which head decodes the outputs, with its numbers. `kind` is the file name in vision/heads. */
export interface HeadSpec {
  readonly kind: string;
  readonly parameters: Readonly<Record<string, number | string | boolean | readonly number[] | readonly string[]>>;
}

/** What onbox knows of a model beyond its graph. */
export interface VisionSpec {
  readonly task: Task;
  readonly labels: readonly string[];
  readonly image?: ImageInput;
  readonly head?: HeadSpec;
}

export interface ModuleInput {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: Shape;
}

export interface ModuleOutput extends ModuleInput {
  /** An axis of which only the first elements count, and where in the arena i64[1] says how many. Absent: all of all. */
  readonly open?: { readonly axis: number; readonly offset: number };
  /** Byte offset in the arena, where the output lies row-major after a run. */
  readonly offset: number;
}

/**
 * One kernel of the module, for profiles and reports. Its place in the list is its number in plans, in the table of the shared object
 * (where the entry of a kernel that is not for the CPU is null) and in the OpenCL program (function `k<number>`).
 */
export interface KernelInfo {
  /** What it computes, as `conv+relu`; from onbox's own operator names. */
  readonly title: string;
  /** Multiply-adds count as two. */
  readonly flops: number;
  /** How it runs, in a few words; absent in modules of older versions. */
  readonly schedule?: string;
}

export interface SelfCheck {
  readonly passed: boolean;
  /** Largest error of an output (compare.ts), over all outputs and plans. */
  readonly maxRelativeError: number;
  readonly outputs: readonly { readonly name: string; readonly maxRelativeError: number }[];
}

/**
 * What a model is computed in: `fp16-storage` keeps values and weights in halves and computes in float32, `fp16` computes in halves
 * too where the processor has arithmetic on vectors of them.
 */
export const precisions = ['fp32', 'fp16', 'fp16-storage'] as const;
export type Precision = (typeof precisions)[number];

/** What halves cost: the module beside float32 on a picture or tensors of onbox's own. */
export interface PrecisionReport {
  readonly precision: Exclude<Precision, 'fp32'>;
  /** Of an output, over all of them: as SelfCheck. */
  readonly maxRelativeError: number;
  /** The least cosine between an output and the same of float32. */
  readonly cosine: number;
  /** For a classifier: whether the first class is the same. */
  readonly sameClass?: boolean;
  /** Layers whose result is stored in halves. */
  readonly layers: number;
  /** Those of them that are computed in halves. */
  readonly narrow: number;
  /** Layers that fell back to float32, the one that cost most first. */
  readonly float32: readonly FallenLayer[];
}

export interface FallenLayer {
  /** The name of its result in the model. */
  readonly value: string;
  /** As `conv+relu`. */
  readonly operators: string;
}

/** What code a module holds: `cpu`, only C; `opencl`, a program for an OpenCL device, and C for what that lacks. */
export type ModuleTarget = 'cpu' | 'opencl';

/** Switches of clBuildProgram that a module may ask for. */
export const openclSwitches = [
  '-cl-std=CL1.2',
  '-cl-mad-enable',
  '-cl-no-signed-zeros',
  '-cl-denorms-are-zero',
  '-cl-single-precision-constant',
  '-cl-finite-math-only',
  '-cl-unsafe-math-optimizations',
  '-cl-fast-relaxed-math',
] as const;

/** The OpenCL side of a module. The program lies beside the manifest, in `programFile`. */
export interface OpenclPart {
  /** For people: the device that it was compiled and checked on. */
  readonly device: string;
  readonly driver: string;
  /** `fingerprint` of the OpenclDevice: device, driver and the limits that the code was made for. Another driver means a rebuild. */
  readonly fingerprint: string;
  readonly switches: readonly (typeof openclSwitches)[number][];
}

/** The NPU side of a module. Its regions stand in the plans before the steps that compute the same on the CPU. */
export interface NpuPart {
  /** Name of the plugin: of its file in the configured folders, without `.so`. */
  readonly plugin: string;
  /** device/npu.ts: plugin, runtime and driver that the regions were measured and checked with. Others mean a rebuild. */
  readonly fingerprint: string;
  readonly regions: readonly NpuSubgraph[];
}

/** What a session must know to run a module. */
export interface Runnable {
  /** In the order of the graph. */
  readonly inputs: readonly ModuleInput[];
  readonly outputs: readonly ModuleOutput[];
  /** Plan 0 takes the tensors of `inputs` in order; each plan after it takes a picture in the next type of `pixelTypesOf`. */
  readonly plans: readonly (readonly (Launch | HostLaunch | ClLaunch | NpuLaunch)[])[];
  readonly arenaBytes: number;
  readonly image?: ImageInput;
  /** Where a plan has a launch on an OpenCL device. */
  readonly opencl?: OpenclPart;
  /** Where a plan has a region on an NPU; the target is `cpu` then. */
  readonly npu?: NpuPart;
}

export interface Manifest extends VisionSpec, Runnable {
  readonly format: number;
  readonly name: string;
  /** Version of the compiler that made it. */
  readonly compiler: string;
  /** SHA-256 of the ONNX file, hex. */
  readonly modelDigest: string;
  readonly target: ModuleTarget;
  /** device/: what must be the same of the CPU for the code to run here. */
  readonly fingerprint: string;
  readonly kernels: readonly KernelInfo[];
  /** How many modules of the same model for other sizes of its picture lie in the folder, in `size-1`, `size-2`, …; none if absent. */
  readonly otherSizes?: number;
  readonly weightBytes: number;
  /** SHA-256 of every other file of the module by name, hex. */
  readonly files: Readonly<Record<string, string>>;
  readonly selfCheck: SelfCheck;
  /** Of a module that is not all float32. */
  readonly precision?: PrecisionReport;
  readonly compileSeconds: number;
}
