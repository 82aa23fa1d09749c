// Reads an image at positions that come as data, between its pixels too: x [n,c,spatial…] at grid [n,places…,axes], whose numbers run
// from -1 to 1 over an axis, the last axis first (ONNX GridSample).

import { elementCount, isFloat, printType, stridesOf } from '../../core/tensor.js';
import { booleanAttribute, choiceAttribute } from '../attributes.js';
import { define } from '../define.js';
import type { Attributes } from '../graph.js';
import { numbersOf, tensorFrom } from '../numbers.js';
import { checkedType, refuse } from '../rules.js';

const modes = ['nearest', 'linear', 'cubic'] as const;
const paddings = ['zeros', 'border', 'reflection'] as const;

export interface GridSampling {
  readonly mode: (typeof modes)[number];
  readonly padding: (typeof paddings)[number];
  /** Whether -1 and 1 are the centres of the outermost pixels, or their outer edges. */
  readonly alignCorners: boolean;
}

export function gridSampling(attributes: Attributes): GridSampling {
  return {
    mode: choiceAttribute(attributes, 'mode', modes),
    padding: choiceAttribute(attributes, 'padding', paddings),
    alignCorners: booleanAttribute(attributes, 'alignCorners'),
  };
}

/** As PyTorch and onnxruntime have it. */
export const gridCubicA = -0.75;

export const gridSample = define<[x: 1, grid: 1]>('grid-sample', [2, 2], {
  infer([x, grid], attributes) {
    gridSampling(attributes);
    const axes = x.shape.length - 2;
    if (!isFloat(x.dtype) || !isFloat(grid.dtype))
      refuse('grid-sample', `wants floats, got ${printType(x)} and ${printType(grid)}`);
    const fits = axes >= 1 && grid.shape.length === axes + 2 && grid.shape.at(-1) === axes && grid.shape[0] === x.shape[0];
    if (!fits) refuse('grid-sample', `a grid ${printType(grid)} does not fit ${printType(x)}`);
    if (elementCount(x.shape) === 0) refuse('grid-sample', `${printType(x)} has nothing to sample`);
    return checkedType('grid-sample', x.dtype, [...x.shape.slice(0, 2), ...grid.shape.slice(1, -1)]);
  },
  evaluate([x, grid], attributes, type) {
    const sampling = gridSampling(attributes);
    const [batch = 1, channels = 1, ...extents] = x.shape;
    const strides = stridesOf(x.shape);
    const values = numbersOf(x);
    const at = numbersOf(grid);
    const axes = extents.length;
    const places = elementCount(type.shape.slice(2));
    const results = new Float64Array(elementCount(type.shape));
    for (let n = 0; n < batch; n++) {
      for (let place = 0; place < places; place++) {
        const taps = extents.map((extent, axis) =>
          tapsAt(sampling, at[(n * places + place) * axes + (axes - 1 - axis)] as number, extent),
        );
        for (let c = 0; c < channels; c++) {
          const start = n * (strides[0] as number) + c * (strides[1] as number);
          results[(n * channels + c) * places + place] = blend(values, start, strides.slice(2), taps);
        }
      }
    }
    return tensorFrom(type, results);
  },
});

/** A pixel along one axis and its share; undefined where there is none, which counts as 0. */
type Tap = readonly [index: number | undefined, weight: number];

function tapsAt(sampling: GridSampling, coordinate: number, extent: number): Tap[] {
  const { mode, alignCorners } = sampling;
  const f = Math.fround;
  const moved = f(coordinate + 1);
  const exact = alignCorners ? f(f(moved / 2) * (extent - 1)) : f(f(f(moved * extent) - 1) / 2);
  const position = isFree(sampling) ? exact : padded(sampling, mode === 'nearest' ? roundHalfEven(exact) : exact, extent);
  if (mode === 'nearest') return [[pixel(sampling, position, extent), 1]];
  const base = Math.floor(position);
  const rest = f(position - base);
  const weights = mode === 'linear' ? [1 - rest, rest] : cubicWeights(rest);
  const first = mode === 'linear' ? base : base - 1;
  return weights.map((weight, i) => [pixel(sampling, first + i, extent), weight]);
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest < 0.5 || (rest === 0.5 && floor % 2 === 0) ? floor : floor + 1;
}

function cubicWeights(rest: number): number[] {
  const a = gridCubicA;
  const near = (t: number) => ((a + 2) * t - (a + 3)) * t * t + 1;
  const far = (t: number) => ((a * t - 5 * a) * t + 8 * a) * t - 4 * a;
  return [far(rest + 1), near(rest), near(1 - rest), far(2 - rest)];
}

/** Where the edges are that reflection folds at. */
export function gridEdges({ alignCorners }: GridSampling, extent: number): readonly [min: number, max: number] {
  return alignCorners ? [0, extent - 1] : [-0.5, extent - 0.5];
}

/** Whether positions past the edges stay there, and only the pixels around them are moved inside, as PyTorch and onnxruntime do. */
export function isFree({ mode, padding }: GridSampling): boolean {
  return mode === 'cubic' && padding === 'border';
}

function padded(sampling: GridSampling, position: number, extent: number): number {
  const [min, max] = gridEdges(sampling, extent);
  if (sampling.padding === 'zeros' || (position >= min && position <= max)) return position;
  return sampling.padding === 'border' ? Math.min(Math.max(position, 0), extent - 1) : reflected(position, min, max);
}

function reflected(position: number, min: number, max: number): number {
  const range = max - min;
  if (range === 0) return min;
  const along = Math.abs(position - min) % (2 * range);
  return min + (along > range ? 2 * range - along : along);
}

function pixel(sampling: GridSampling, index: number, extent: number): number | undefined {
  if (index >= 0 && index < extent) return index;
  if (sampling.padding === 'zeros' || Number.isNaN(index)) return undefined;
  const inside = sampling.padding === 'border' ? index : Math.trunc(reflected(index, ...gridEdges(sampling, extent)));
  return Math.min(Math.max(inside, 0), extent - 1);
}

/** The sum over the pixels of all axes. */
function blend(
  values: ArrayLike<number>,
  start: number,
  strides: readonly number[],
  taps: readonly (readonly Tap[])[],
): number {
  const [here, ...inner] = taps;
  const [stride = 1, ...innerStrides] = strides;
  if (here === undefined) return values[start] as number;
  return here.reduce(
    (sum, [index, weight]) =>
      index === undefined ? sum : sum + weight * blend(values, start + index * stride, innerStrides, inner),
    0,
  );
}
