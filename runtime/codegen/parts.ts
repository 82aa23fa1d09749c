// What becomes a kernel of its own: a kernel is done as a whole before the next one begins.

import type { Buffer, Program, Statement } from '../loop/program.js';
import { visitBlockExpressions, visitStatements } from '../loop/statement.js';

/** The statements of each kernel: one for each statement at the top, but a single one where those share a local. */
export function partsOf(body: readonly Statement[]): readonly (readonly Statement[])[] {
  return body.some((statement) => statement.kind === 'local') ? [body.map(runWhole)] : body.map((statement) => [statement]);
}

/** Statements that share a local are called once: none of their loops can be shared out. */
function runWhole(statement: Statement): Statement {
  return statement.kind === 'for' && statement.mode === 'parallel' ? { ...statement, mode: 'serial' } : statement;
}

/** The buffers that a kernel reads or writes, in their order in the program. */
export function usedBuffers(program: Program, body: readonly Statement[]): Buffer[] {
  const names = new Set<string>();
  visitStatements(body, (statement) => {
    if (statement.kind === 'store') names.add(statement.buffer);
  });
  visitBlockExpressions(body, (expression) => {
    if (expression.kind === 'load') names.add(expression.buffer);
  });
  return program.buffers.filter((buffer) => names.has(buffer.name));
}
