// In which precision a program computes.

import type { Program } from './program.js';
import { visitBlockExpressions } from './statement.js';

/** Whether a program computes with numbers of f16, beyond converting them. */
export function computesInHalves({ body }: Program): boolean {
  let found = false;
  visitBlockExpressions(body, (expression) => {
    if (expression.kind === 'call' && expression.op !== 'cast' && expression.dtype === 'f16') found = true;
  });
  return found;
}
