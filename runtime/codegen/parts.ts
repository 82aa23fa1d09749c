// What becomes a kernel of its own: a kernel is done as a whole before the next one begins.

import type { Buffer, Program, Statement } from '../loop/program.js';
import { sharedExtent } from '../loop/sharing.js';
import { storesOf, visitBlockExpressions, visitStatements } from '../loop/statement.js';

/**
 * The statements of each kernel: one for each statement at the top, but a single one where those share a local, and where a main part
 * and its tail are shared out alike.
 */
export function partsOf(body: readonly Statement[]): readonly (readonly Statement[])[] {
  if (body.some((statement) => statement.kind === 'local')) return [body.map(runWhole)];
  const parts: Statement[][] = [];
  for (const statement of body) {
    const part = parts.at(-1);
    if (part !== undefined && goTogether(part, statement)) part.push(statement);
    else parts.push([statement]);
  }
  return parts;
}

/** Statements that share a local are called once: none of their loops can be shared out. */
function runWhole(statement: Statement): Statement {
  if (statement.kind !== 'for') return statement;
  return { ...statement, mode: statement.mode === 'parallel' ? 'serial' : statement.mode, body: statement.body.map(runWhole) };
}

/** Loops of one name that do not wait for each other, both shared out at the top or both alike inside. */
function goTogether(part: readonly Statement[], next: Statement): boolean {
  const [first] = part;
  if (first?.kind !== 'for' || next.kind !== 'for' || first.name !== next.name || first.mode !== next.mode) return false;
  const [extent, own] = [sharedExtent([first]), sharedExtent([next])];
  if (extent === undefined || own === undefined) return false;
  if (first.mode !== 'parallel' && extent !== own) return false;
  const written = new Set(storesOf(part).map(({ buffer }) => buffer));
  visitStatements([next], (statement) => {
    if (statement.kind === 'local') written.delete(statement.buffer.name);
  });
  let waits = false;
  visitBlockExpressions([next], (expression) => {
    if (expression.kind === 'load' && written.has(expression.buffer)) waits = true;
  });
  return !waits;
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
