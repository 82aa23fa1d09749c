// The sizes of pictures to try for a model that leaves them open. Shapes are static in a module, so one must be chosen: what the
// metadata say, else the size that such models are usually trained on, as long as the graph takes it.

import type { Shape } from '../core/tensor.js';
import type { OnnxModel, OnnxValue } from '../onnx/model.js';

/** Detectors, then classifiers, then what is left of the usual sides. */
const usualSides = [640, 224, 320, 416, 512, 256, 299, 384, 448, 128, 112, 96, 64, 32, 28];
const channelCounts = [1, 3];

type Shapes = Readonly<Record<string, Shape>>;

/**
 * Shapes for the inputs of a model, the likeliest first; one entry, `given`, where nothing of a picture is open. An open batch is left
 * to the import.
 */
export function shapesToTry(model: OnnxModel, given: Shapes): readonly Shapes[] {
  const [input, ...more] = model.inputs.filter(
    ({ name, dims }) => !Object.hasOwn(given, name) && dims !== undefined && isOpenPicture(dims),
  );
  if (input?.dims === undefined || more.length > 0) return [given];
  const told = parseSize(model.metadata.get('imgsz') ?? '');
  const sizes = told === undefined ? usualSides.map((side): Size => [side, side]) : [told];
  return sizes.map((size) => ({ ...given, [input.name]: shapeOf(input.dims ?? [], size) }));
}

type Dims = NonNullable<OnnxValue['dims']>;
type Size = readonly [height: number, width: number];

function isFixed(dim: Dims[number]): dim is number {
  return typeof dim === 'number' && dim > 0;
}

function isOpenPicture(dims: Dims): boolean {
  const [, a, b, c] = dims;
  const [first, second] = isChannelsLast(dims) ? [a, b] : [b, c];
  return dims.length === 4 && !(isFixed(first) && isFixed(second));
}

/** [n,h,w,c] where the last axis counts channels and the second does not; all else is [n,c,h,w]. */
function isChannelsLast([, a, , c]: Dims): boolean {
  return isFixed(c) && channelCounts.includes(c) && !(isFixed(a) && channelCounts.includes(a));
}

function shapeOf(dims: Dims, [height, width]: Size): Shape {
  const [n, a, b, c] = dims.map((dim) => (isFixed(dim) ? dim : undefined));
  return isChannelsLast(dims) ? [n ?? 1, a ?? height, b ?? width, c ?? 3] : [n ?? 1, a ?? 3, b ?? height, c ?? width];
}

/** Ultralytics writes `[640, 640]`, height first, or `640`. */
function parseSize(text: string): Size | undefined {
  const match = /^\[?\s*([1-9][0-9]{0,4})\s*(?:,\s*([1-9][0-9]{0,4})\s*\]?)?\]?$/.exec(text.trim());
  const height = Number(match?.[1]);
  return match === null ? undefined : [height, Number(match[2] ?? height)];
}
