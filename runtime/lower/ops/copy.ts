// The same element again.

import type { Lowering } from '../lowering.js';

export const copy: Lowering = { kind: 'copy', value: (scope, index) => scope.input(0).read(index) };
