// Concatenation: each element comes from the part that its index falls into.

import { numberAttribute } from '../../graph/attributes.js';
import { offset } from '../../loop/affine.js';
import { guard } from '../../loop/expression.js';
import type { Expression } from '../../loop/program.js';
import type { Lowering, Operand } from '../lowering.js';

export const concat: Lowering = {
  kind: 'concat',
  value(scope, index) {
    const axis = numberAttribute(scope.attributes, 'axis');
    const parts: Operand[] = [];
    for (let i = 0; scope.operand(i) !== undefined; i++) parts.push(scope.input(i));
    let end = scope.output.shape[axis] ?? 0;
    let result: Expression | undefined;
    for (const part of parts.reverse()) {
      const start = end - (part.type.shape[axis] ?? 0);
      const element = part.read(index.map((at, i) => (i === axis ? offset(at, -start) : at)));
      const at = index[axis];
      result =
        result === undefined || at === undefined ? element : guard([{ index: at, low: start, high: end }], element, result);
      end = start;
    }
    return result as Expression;
  },
};
