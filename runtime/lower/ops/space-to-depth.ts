// Moves blocks of space into channels, block outermost: [n, c, h b, w b] to [n, b b c, h, w].

import { numberAttribute } from '../../graph/attributes.js';
import { type Affine, add, quotient, remainder, scale } from '../../loop/affine.js';
import type { Lowering } from '../lowering.js';

export const spaceToDepth: Lowering = {
  kind: 'space-to-depth',
  value(scope, index) {
    const [n, channel, h, w] = index as [Affine, Affine, Affine, Affine];
    const x = scope.input(0);
    const block = numberAttribute(scope.attributes, 'blocksize');
    const channels = x.type.shape[1] ?? 1;
    const place = quotient(channel, channels);
    const row = add(scale(h, block), quotient(place, block));
    const column = add(scale(w, block), remainder(place, block));
    return x.read([n, remainder(channel, channels), row, column]);
  },
};
