// In which precision a program computes, and the same program in float32.

import type { Dtype } from '../core/tensor.js';
import { cast } from './expression.js';
import type { Expression, Program, Statement } from './program.js';
import { visitBlockExpressions } from './statement.js';

/** Whether a program computes with numbers of f16, beyond converting them. */
export function computesInHalves({ body }: Program): boolean {
  let found = false;
  visitBlockExpressions(body, (expression) => {
    if (expression.kind === 'call' && expression.op !== 'cast' && expression.dtype === 'f16') found = true;
  });
  return found;
}

/** The program that does the same on floats: what was measured of it says how to schedule the one that only stores halves. */
export function widenProgram(program: Program): Program {
  if (!program.buffers.some(({ dtype }) => dtype === 'f16')) return program;
  return {
    buffers: program.buffers.map((buffer) => ({ ...buffer, dtype: widenDtype(buffer.dtype) })),
    packings: program.packings.map((packing) => ({ ...packing, value: widenExpression(packing.value) })),
    body: program.body.map(widenStatement),
  };
}

function widenDtype(dtype: Dtype): Dtype {
  return dtype === 'f16' ? 'f32' : dtype;
}

function widenStatement(statement: Statement): Statement {
  switch (statement.kind) {
    case 'store':
      return { ...statement, value: widenExpression(statement.value) };
    case 'local':
      return { ...statement, buffer: { ...statement.buffer, dtype: widenDtype(statement.buffer.dtype) } };
    case 'for':
    case 'if':
      return { ...statement, body: statement.body.map(widenStatement) };
  }
}

function widenExpression(expression: Expression): Expression {
  const dtype = widenDtype(expression.dtype);
  switch (expression.kind) {
    case 'number':
    case 'load':
    case 'index':
      return { ...expression, dtype };
    case 'call': {
      const args = expression.args.map(widenExpression);
      const [only] = args;
      return expression.op === 'cast' && only !== undefined ? cast(only, dtype) : { ...expression, dtype, args };
    }
    case 'guard':
      return {
        ...expression,
        dtype,
        value: widenExpression(expression.value),
        otherwise: widenExpression(expression.otherwise),
      };
  }
}
