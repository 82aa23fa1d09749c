// Reductions over any set of axes.

import { type Shape, stridesOf } from '../core/tensor.js';
import { booleanAttribute, integersAttribute } from './attributes.js';
import { define } from './define.js';
import type { Attributes, OpDefinition } from './graph.js';
import { numbersOf, roomFor, tensorFrom } from './numbers.js';
import { checkAxis, checkedType, refuse } from './rules.js';
import { walk } from './walk.js';

/** An operator that makes one number of all elements along the attribute `axes`; `reduce` must not keep the line. */
export function reduction(kind: string, reduce: (line: Float64Array) => number): OpDefinition {
  return define<[x: 1]>(kind, [1, 1], {
    infer([x], attributes) {
      const axes = axesOf(attributes);
      axes.forEach((axis, index) => {
        checkAxis(kind, axis, x.shape.length);
        if (index > 0 && axis <= (axes[index - 1] as number))
          refuse(kind, `axes [${axes.join(',')}] are not in ascending order`);
      });
      const shape = booleanAttribute(attributes, 'keepDims')
        ? x.shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent))
        : x.shape.filter((_, axis) => !axes.includes(axis));
      return checkedType(kind, x.dtype, shape);
    },
    evaluate([x], attributes, type) {
      const axes = axesOf(attributes);
      const values = numbersOf(x);
      const starts = walkAxes(x.shape, (axis) => !axes.includes(axis));
      const steps = walkAxes(x.shape, (axis) => axes.includes(axis));
      const line = new Float64Array(steps.length);
      const results = roomFor(type);
      starts.forEach((start, index) => {
        for (let i = 0; i < line.length; i++) line[i] = values[start + (steps[i] as number)] as number;
        results[index] = reduce(line);
      });
      return tensorFrom(type, results);
    },
  });
}

function axesOf(attributes: Attributes): readonly number[] {
  return integersAttribute(attributes, 'axes', { min: 0 });
}

/** Offsets of the elements along the chosen axes alone. */
function walkAxes(shape: Shape, isChosen: (axis: number) => boolean): Int32Array {
  const strides = stridesOf(shape);
  const axes = shape.map((_, axis) => axis).filter(isChosen);
  return walk(
    axes.map((axis) => shape[axis] as number),
    axes.map((axis) => strides[axis] as number),
  );
}
