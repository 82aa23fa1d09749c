// The mean of a window: of its cells inside the input, or with countIncludePad of those in the pads too.

import { booleanAttribute } from '../../graph/attributes.js';
import { type Affine, constant } from '../../loop/affine.js';
import { call, cast, guard } from '../../loop/expression.js';
import type { Lowering } from '../lowering.js';
import { like } from '../pointwise.js';
import { cellsInside, readWindow, windowOf } from '../window.js';

export const averagePool: Lowering = {
  kind: 'average-pool',
  value(scope, index) {
    const x = scope.input(0);
    const window = windowOf(scope.attributes);
    const at = index as [Affine, Affine, Affine, Affine];
    const sum = scope.reduce({
      combine: 'add',
      axes: window.axes,
      term: (r = constant(0), s = constant(0)) => {
        const { at: source, inside } = readWindow(window, x.type, at, r, s);
        const element = x.read(source);
        return guard(inside, element, like(element, 0));
      },
    });
    const withPads = booleanAttribute(scope.attributes, 'countIncludePad');
    const count = call('mul', cellsInside(window, x.type, at, 0, withPads), cellsInside(window, x.type, at, 1, withPads));
    return call('div', sum, cast(count, sum.dtype));
  },
};
