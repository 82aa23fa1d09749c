// DepthToSpace and SpaceToDepth: blocks of pixels from channels and back.

import type { Importers } from '../call.js';

export const depthToSpace: Importers = {
  DepthToSpace: (call) =>
    call.emit('depth-to-space', [call.input(0)], {
      blocksize: call.number('blocksize'),
      mode: call.choice('mode', ['DCR', 'CRD'], 'DCR'),
    }),
  SpaceToDepth: (call) => call.emit('space-to-depth', [call.input(0)], { blocksize: call.number('blocksize') }),
};
