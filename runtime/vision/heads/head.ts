// What every head states about itself: which graphs it reads, how they want their picture, and how their numbers become boxes.

import { OnboxError } from '../../core/error.js';
import { elementCount, printType, type Shape, type Tensor, type TensorType } from '../../core/tensor.js';
import type { Graph } from '../../graph/graph.js';
import type { HeadSpec, ImageInput, Task } from '../../module/manifest.js';
import type { Suppression } from '../../onnx/suppression.js';

export interface NamedType extends TensorType {
  readonly name: string;
}

/** What can be known of a model without running it. Shapes are static. */
export interface ModelFacts {
  /** Without constants, in the model's order. */
  readonly inputs: readonly NamedType[];
  readonly outputs: readonly NamedType[];
  /** ONNX metadata_props. */
  readonly metadata: ReadonlyMap<string, string>;
  /** Where it is known, the operators that end the graph are looked at. */
  readonly graph?: Graph;
  /** Of a model that was cut before its NonMaxSuppression. */
  readonly suppression?: Suppression;
}

/** The part of `ImageInput` that a family of models agrees on; `mean` and `std` may be one number for all channels. */
export type ImageConvention = Pick<ImageInput, 'colors' | 'mean' | 'std' | 'fit' | 'anchor' | 'fill' | 'cropShare'>;

/** A box above the threshold, in pixels of the model's input, before non-maximum suppression. */
export interface Candidate {
  readonly score: number;
  readonly class: number;
  readonly x1: number;
  readonly y1: number;
  readonly x2: number;
  readonly y2: number;
  /** x, y, x, y, ... in pixels of the model's input. */
  readonly landmarks?: readonly number[];
}

export interface DecodeLimits {
  /** Boxes at this confidence or above. */
  readonly minConfidence: number;
}

export type Outputs = ReadonlyMap<string, Tensor>;
export type Parameters = HeadSpec['parameters'];

interface HeadFacts {
  /** The file's name. */
  readonly kind: string;
  readonly task: Task;
  /** How this head's models want their picture, unless metadata, a flag or the sidecar says otherwise. */
  convention(facts: ModelFacts, input: PictureInput): ImageConvention;
  /** The numbers for decoding if the graph is of this kind. */
  recognise(facts: ModelFacts, input: PictureInput): Parameters | undefined;
  /** How many classes it tells apart. */
  classCount(parameters: Parameters): number;
}

export interface DetectHead extends HeadFacts {
  readonly task: 'detect';
  /** @throws OnboxError `head-mismatch` if the outputs are not what the parameters promise */
  decode(outputs: Outputs, parameters: Parameters, limits: DecodeLimits): Candidate[];
  /** Labels of models that carry none, undefined if they cannot be guessed. */
  defaultLabels(classCount: number): readonly string[] | undefined;
}

export interface ClassifyHead extends HeadFacts {
  readonly task: 'classify';
  /** The probability of every class. @throws OnboxError `head-mismatch` */
  probabilities(outputs: Outputs, parameters: Parameters): Float32Array;
}

export type Head = DetectHead | ClassifyHead;

/** Of the model's picture input, in pixels. */
export interface InputSize {
  readonly width: number;
  readonly height: number;
}

/** The graph input that takes the picture. */
export interface PictureInput extends InputSize {
  readonly name: string;
  readonly channels: 1 | 3;
  /** True for [1,h,w,c], false for [1,c,h,w]. */
  readonly channelsLast: boolean;
}

/**
 * The numbers of an f32 output, row-major.
 * @throws OnboxError `head-mismatch` if the output is missing, of another dtype or of another length
 */
export function floats(outputs: Outputs, name: string, shape: Shape): Float32Array {
  const tensor = outputs.get(name);
  const want = printType({ dtype: 'f32', shape });
  if (tensor === undefined) throw mismatch(`output ${JSON.stringify(name)} of ${want} is missing`);
  const count = elementCount(shape);
  if (tensor.dtype !== 'f32' || tensor.data.length !== count) {
    throw mismatch(
      `output ${JSON.stringify(name)} should be ${want}, it is ${printType(tensor)} of ${tensor.data.length} numbers`,
    );
  }
  return tensor.data as Float32Array;
}

/** @throws OnboxError `head-mismatch` */
export function numberOf(parameters: Parameters, key: string): number {
  const value = parameters[key];
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw mismatch(`head parameter "${key}" should be a number, it is ${JSON.stringify(value)}`);
}

/** @throws OnboxError `head-mismatch` */
export function textOf(parameters: Parameters, key: string): string {
  const value = parameters[key];
  if (typeof value === 'string') return value;
  throw mismatch(`head parameter "${key}" should be a text, it is ${JSON.stringify(value)}`);
}

/** @throws OnboxError `head-mismatch` */
export function textsOf(parameters: Parameters, key: string): readonly string[] {
  const value = parameters[key];
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
  throw mismatch(`head parameter "${key}" should be a list of texts, it is ${JSON.stringify(value)}`);
}

/** @throws OnboxError `head-mismatch` */
export function numbersOf(parameters: Parameters, key: string): readonly number[] {
  const value = parameters[key];
  if (Array.isArray(value) && value.every((item) => typeof item === 'number' && Number.isFinite(item))) return value;
  throw mismatch(`head parameter "${key}" should be a list of numbers, it is ${JSON.stringify(value)}`);
}

function mismatch(message: string): OnboxError {
  return new OnboxError(message, { code: 'head-mismatch' });
}
