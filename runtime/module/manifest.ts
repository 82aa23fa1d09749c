// The manifest of a compiled module: what a program must know to feed it, run it and read its answer. JSON on disk.

import type { Launch } from '../../addon/index.js';
import type { Dtype, Shape } from '../core/tensor.js';

/** The format of the manifest; a module of another format is rebuilt from its ONNX. */
export const manifestFormat = 1;

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
  /** Byte offset in the arena, where the output lies row-major after a run. */
  readonly offset: number;
}

/** One kernel of the module, for profiles and reports. */
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

/** What a session must know to run a module. */
export interface Runnable {
  /** In the order of the graph. */
  readonly inputs: readonly ModuleInput[];
  readonly outputs: readonly ModuleOutput[];
  /** Plan 0 takes the tensors of `inputs` in order; plan 1, if there, takes u8[1,h,w,3] as the input after them. */
  readonly plans: readonly (readonly Launch[])[];
  readonly arenaBytes: number;
  readonly image?: ImageInput;
}

export interface Manifest extends VisionSpec, Runnable {
  readonly format: number;
  readonly name: string;
  /** Version of the compiler that made it. */
  readonly compiler: string;
  /** SHA-256 of the ONNX file, hex. */
  readonly modelDigest: string;
  /** device/: what must be the same for the code to run here. */
  readonly fingerprint: string;
  readonly kernels: readonly KernelInfo[];
  readonly weightBytes: number;
  /** SHA-256 of every other file of the module by name, hex. */
  readonly files: Readonly<Record<string, string>>;
  readonly selfCheck: SelfCheck;
  readonly compileSeconds: number;
}
