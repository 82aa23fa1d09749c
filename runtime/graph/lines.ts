// Operators that look at one line of elements along an axis at a time.

import { isFloat, printType, type Tensor } from '../core/tensor.js';
import { integerAttribute } from './attributes.js';
import { define } from './define.js';
import type { Attributes, OpDefinition } from './graph.js';
import { numbersOf, roomFor, tensorFrom } from './numbers.js';
import { checkAxis, checkedType, refuse } from './rules.js';
import { splitAt } from './walk.js';

/** Calls `visit` with each line of `x` along `axis` and where its elements lie: start, start + stride, ... The line is reused. */
export function eachLine(x: Tensor, axis: number, visit: (line: Float64Array, start: number, stride: number) => void): void {
  const values = numbersOf(x);
  const [outer, extent, stride] = splitAt(x.shape, axis);
  const line = new Float64Array(extent);
  for (let block = 0; block < outer; block++) {
    for (let inner = 0; inner < stride; inner++) {
      const start = block * extent * stride + inner;
      for (let i = 0; i < extent; i++) line[i] = values[start + i * stride] as number;
      visit(line, start, stride);
    }
  }
}

/** An operator that replaces each line along the attribute `axis`; `change` does so in place. */
export function linewise(
  kind: string,
  prepare: (attributes: Attributes) => (line: Float64Array) => void,
  { integers = false }: { readonly integers?: boolean } = {},
): OpDefinition {
  return define<[x: 1]>(kind, [1, 1], {
    infer([x], attributes) {
      checkAxis(kind, integerAttribute(attributes, 'axis'), x.shape.length);
      prepare(attributes);
      if (x.dtype === 'bool' || (!integers && !isFloat(x.dtype))) refuse(kind, `does not take ${printType(x)}`);
      return checkedType(kind, x.dtype, x.shape);
    },
    evaluate([x], attributes, type) {
      const change = prepare(attributes);
      const results = roomFor(type);
      eachLine(x, integerAttribute(attributes, 'axis'), (line, start, stride) => {
        change(line);
        for (let i = 0; i < line.length; i++) results[start + i * stride] = line[i] as number;
      });
      return tensorFrom(type, results);
    },
  });
}
