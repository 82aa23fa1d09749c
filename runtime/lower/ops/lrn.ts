// Local response normalization: x / (bias + alpha / size * sum of squares of `size` neighbouring channels)^beta.

import { numberAttribute } from '../../graph/attributes.js';
import { type Affine, add, constant, offset } from '../../loop/affine.js';
import { call, guard } from '../../loop/expression.js';
import type { Lowering } from '../lowering.js';
import { like } from '../pointwise.js';

export const lrn: Lowering = {
  kind: 'lrn',
  value(scope, index) {
    const x = scope.input(0);
    const [n, channel, ...place] = index as [Affine, Affine, ...Affine[]];
    const [size, alpha, beta, bias] = (['size', 'alpha', 'beta', 'bias'] as const).map((name) =>
      numberAttribute(scope.attributes, name),
    ) as [number, number, number, number];
    const sum = scope.reduce({
      combine: 'add',
      axes: [{ name: 'k', extent: size }],
      term: (k = constant(0)) => {
        // For an even size the window has one more channel after than before.
        const neighbour = offset(add(channel, k), -Math.floor((size - 1) / 2));
        const element = scope.share(x.read([n, neighbour, ...place]));
        const isThere = [{ index: neighbour, low: 0, high: x.type.shape[1] ?? 0 }];
        return guard(isThere, call('mul', element, element), like(element, 0));
      },
    });
    const base = call('add', like(sum, bias), call('mul', like(sum, alpha / size), sum));
    return call('div', x.read(index), call('pow', base, like(sum, beta)));
  },
};
