// Finding and replacing loops by name.

import type { Loop, Program, Statement } from '../loop/program.js';
import { findLoops } from '../loop/statement.js';
import { demand } from './illegal.js';

/**
 * Replaces every loop of a name.
 * @throws Illegal if there is none
 */
export function replaceLoops(program: Program, name: string, replace: (loop: Loop) => readonly Statement[]): Program {
  demand(findLoops(program.body, name).length > 0, `there is no loop ${name}`);
  return { ...program, body: replaceIn(program.body, name, replace) };
}

function replaceIn(
  block: readonly Statement[],
  name: string,
  replace: (loop: Loop) => readonly Statement[],
): readonly Statement[] {
  return block.flatMap((statement): readonly Statement[] => {
    if (statement.kind === 'for') {
      if (statement.name === name) return replace(statement);
      return [{ ...statement, body: replaceIn(statement.body, name, replace) }];
    }
    if (statement.kind === 'if') return [{ ...statement, body: replaceIn(statement.body, name, replace) }];
    return [statement];
  });
}

/**
 * The loop around a body. A loop of one iteration is left out, since its variable is the constant 0, unless it keeps locals apart
 * from those of the same name that may stand beside it.
 */
export function loopAround(loop: Loop, body: readonly Statement[]): readonly Statement[] {
  const declares = body.some((statement) => statement.kind === 'local');
  return loop.extent === 1 && !declares ? body : [{ ...loop, body }];
}

/** @throws Illegal if a loop or local of that name exists */
export function requireFresh(program: Program, name: string): void {
  demand(/^[a-z][a-z0-9]*$/.test(name), `"${name}" is no loop name`);
  demand(findLoops(program.body, name).length === 0, `there is a loop ${name} already`);
}
