// Which operators compute an element from elements at the same place (or broadcast to it), and so can follow whatever computed them.

const pointwise: ReadonlySet<string> = new Set(
  (
    'abs acos acosh add and asin asinh atan atanh batch-norm cast ceil clip cos cosh div elu equal erf exp floor gelu greater ' +
    'greater-equal hard-sigmoid hard-swish is-nan leaky-relu less less-equal log max min mish mod mul neg not or pow prelu ' +
    'reciprocal relu round selu sigmoid sign silu sin sinh softplus softsign sqrt sub tan tanh thresholded-relu where xor'
  ).split(' '),
);

export function isPointwise(op: string): boolean {
  return pointwise.has(op);
}

/** Operators whose values often lie in the memory of another (views.ts): what joined them would make them a pass of its own. */
const sharers: ReadonlySet<string> = new Set(['reshape', 'split', 'concat']);

export function sharesMemory(op: string): boolean {
  return sharers.has(op);
}
