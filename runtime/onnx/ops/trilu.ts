// Trilu: the upper or lower triangle of matrices.

import type { Importers } from '../call.js';

export const trilu: Importers = {
  Trilu: (call) =>
    call.emit('trilu', [call.input(0)], { upper: call.flag('upper', true), k: call.constantNumbers(1, 'diagonal')?.[0] ?? 0 }),
};
