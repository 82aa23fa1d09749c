// The upper or lower triangle of the last two axes, from diagonal k on; the rest is 0.

import { booleanAttribute, numberAttribute } from '../../graph/attributes.js';
import { type Affine, subtract } from '../../loop/affine.js';
import { guard } from '../../loop/expression.js';
import type { Lowering } from '../lowering.js';
import { like } from '../pointwise.js';

export const trilu: Lowering = {
  kind: 'trilu',
  value(scope, index) {
    const x = scope.input(0).read(index);
    const [rows, columns] = scope.output.shape.slice(-2) as [number, number];
    const [row, column] = index.slice(-2) as [Affine, Affine];
    const k = numberAttribute(scope.attributes, 'k');
    const [low, high] = booleanAttribute(scope.attributes, 'upper') ? [k, columns] : [-rows, k + 1];
    return guard([{ index: subtract(column, row), low, high }], x, like(x, 0));
  },
};
