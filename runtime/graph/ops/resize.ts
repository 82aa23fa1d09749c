// Resamples every axis to its new size, as ONNX Resize 10 to 19 do. The axes are independent: one after the other.

import { elementCount, printType, type Shape } from '../../core/tensor.js';
import { booleanAttribute, choiceAttribute, integersAttribute, numberAttribute, numbersAttribute } from '../attributes.js';
import { define } from '../define.js';
import type { Attributes } from '../graph.js';
import { type Numbers, numbersOf, tensorFrom } from '../numbers.js';
import { coordinateModes, nearestModes, type Resampling, resizeModes, type Taps, tapsAt } from '../resampling.js';
import { checkedType, refuse, withExtent } from '../rules.js';
import { splitAt } from '../walk.js';

export const resize = define<[x: 1]>('resize', [1, 1], {
  infer([x], attributes) {
    const type = checkedType('resize', x.dtype, integersAttribute(attributes, 'sizes', { count: x.shape.length, min: 0 }));
    resamplings(x.shape, attributes);
    numberAttribute(attributes, 'extrapolation');
    if (elementCount(x.shape) === 0 && elementCount(type.shape) > 0)
      refuse('resize', `${printType(x)} has nothing to resample`);
    if (booleanAttribute(attributes, 'antialias')) refuse('resize', 'antialias is not among its modes');
    return type;
  },
  evaluate([x], attributes, type) {
    const extrapolation = numberAttribute(attributes, 'extrapolation');
    let values = numbersOf(x);
    let shape = x.shape;
    // Elements outside of one axis are marked and filled at the end: the other axes must not blend the extrapolation value in.
    const outside = resamplings(x.shape, attributes).map((resampling, axis) => {
      const taps = Array.from({ length: resampling.size }, (_, index) => tapsAt(resampling, index));
      if (!isIdentity(taps, resampling.extent)) values = resampleAxis(values, shape, axis, taps);
      shape = withExtent(shape, axis, resampling.size);
      return taps.map((tap) => tap.isOutside);
    });
    const results = Float64Array.from(values);
    outside.forEach((marks, axis) => {
      fillMarked(results, type.shape, axis, marks, extrapolation);
    });
    return tensorFrom(type, results);
  },
});

/** How each axis is resampled. */
export function resamplings(shape: Shape, attributes: Attributes): Resampling[] {
  const rank = shape.length;
  const scales = numbersAttribute(attributes, 'scales');
  const sizes = integersAttribute(attributes, 'sizes', { count: rank, min: 0 });
  const coordinates = choiceAttribute(attributes, 'coordinates', coordinateModes);
  const roi = coordinates === 'tf_crop_and_resize' ? numbersAttribute(attributes, 'roi') : undefined;
  if (scales.length !== rank || scales.some((scale) => !(scale > 0 && Number.isFinite(scale)))) {
    refuse('resize', `scales [${scales.join(',')}] are not ${rank} positive numbers`);
  }
  if (roi !== undefined && roi.length !== 2 * rank) refuse('resize', `roi wants ${2 * rank} numbers, got ${roi.length}`);
  const shared = {
    mode: choiceAttribute(attributes, 'mode', resizeModes),
    coordinates,
    nearest: choiceAttribute(attributes, 'nearest', nearestModes),
    cubicA: numberAttribute(attributes, 'cubicA'),
    excludeOutside: booleanAttribute(attributes, 'excludeOutside'),
  };
  return shape.map((extent, axis) => ({
    ...shared,
    extent,
    size: sizes[axis] as number,
    scale: scales[axis] as number,
    roi: [roi?.[axis] ?? 0, roi?.[axis + rank] ?? 1],
  }));
}

function isIdentity(taps: readonly Taps[], extent: number): boolean {
  return taps.length === extent && taps.every(({ indices, weights }, i) => indices[0] === i && weights[0] === 1);
}

function resampleAxis(values: Numbers, shape: Shape, axis: number, taps: readonly Taps[]): Float64Array {
  const [outer, extent, inner] = splitAt(shape, axis);
  const results = new Float64Array(outer * taps.length * inner);
  taps.forEach(({ indices, weights }, index) => {
    indices.forEach((from, tap) => {
      const weight = weights[tap] as number;
      if (weight === 0) return;
      for (let block = 0; block < outer; block++) {
        const source = (block * extent + from) * inner;
        const target = (block * taps.length + index) * inner;
        for (let i = 0; i < inner; i++) {
          results[target + i] = (results[target + i] as number) + weight * (values[source + i] as number);
        }
      }
    });
  });
  return results;
}

function fillMarked(values: Float64Array, shape: Shape, axis: number, marks: readonly boolean[], value: number): void {
  const [outer, extent, inner] = splitAt(shape, axis);
  marks.forEach((isMarked, index) => {
    if (!isMarked) return;
    for (let block = 0; block < outer; block++) {
      const start = (block * extent + index) * inner;
      values.fill(value, start, start + inner);
    }
  });
}
