// Moves blocks of channels into space: [n, c b b, h, w] to [n, c, h b, w b]. The block is outermost (DCR) or innermost (CRD) in the
// channels.

import { numberAttribute } from '../../graph/attributes.js';
import { type Affine, add, quotient, remainder, scale } from '../../loop/affine.js';
import type { Lowering } from '../lowering.js';

export const depthToSpace: Lowering = {
  kind: 'depth-to-space',
  value(scope, index) {
    const [n, c, h, w] = index as [Affine, Affine, Affine, Affine];
    const block = numberAttribute(scope.attributes, 'blocksize');
    const [ofChannel, ofBlock] = scope.attributes['mode'] === 'DCR' ? [1, scope.output.shape[1] ?? 1] : [block * block, 1];
    const place = add(scale(remainder(h, block), block), remainder(w, block));
    const channel = add(scale(c, ofChannel), scale(place, ofBlock));
    return scope.input(0).read([n, channel, quotient(h, block), quotient(w, block)]);
  },
};
