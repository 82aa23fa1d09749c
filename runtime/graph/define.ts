// How an operator of one output is written down: its inputs are counted here, so that its rule can name them.

import type { Tensor, TensorType } from '../core/tensor.js';
import type { Attributes, OpDefinition } from './graph.js';
import { checkCount } from './rules.js';

/** The inputs of an operator, as a tuple whose optional ones come last: [x: 1, weights: 1, bias?: 1]. */
type Each<Inputs extends readonly unknown[], T> = { readonly [K in keyof Inputs]: T };

interface Rules<Inputs extends readonly unknown[]> {
  /** @throws OnboxError `op-invalid` */
  infer(inputs: Each<Inputs, TensorType>, attributes: Attributes): TensorType;
  evaluate(inputs: Each<Inputs, Tensor>, attributes: Attributes, type: TensorType): Tensor;
}

/** An operator that takes `min` to `max` inputs, of which the first `min` must be there, and has one output. */
export function define<Inputs extends readonly unknown[]>(
  kind: string,
  [min, max]: readonly [min: number, max: number],
  rules: Rules<Inputs>,
): OpDefinition {
  return {
    kind,
    infer(inputs, attributes) {
      checkCount(kind, inputs, min, max);
      return [rules.infer(inputs as unknown as Each<Inputs, TensorType>, attributes)];
    },
    evaluate(inputs, attributes, [type]) {
      return [rules.evaluate(inputs as unknown as Each<Inputs, Tensor>, attributes, type as TensorType)];
    },
  };
}
