// Vectorize, unroll, parallel: how a loop runs.

import type { LoopMode, Program } from '../loop/program.js';
import { visitStatements } from '../loop/statement.js';
import { demand } from './illegal.js';
import { replaceLoops } from './rewrite.js';

export function setMode(program: Program, name: string, mode: Exclude<LoopMode, 'serial' | 'item'>): Program {
  visitStatements(program.body, (statement) => {
    if (statement.kind !== 'for' || statement.name !== name) return;
    demand(statement.mode === 'serial', `${name} is ${statement.mode} already`);
    if (mode === 'unroll') return;
    demand(statement.axis === 'space', `${name} is a reduction and cannot be ${mode}`);
    if (mode === 'vector')
      demand(!statement.body.some((inner) => inner.kind === 'for'), `${name} has loops inside and cannot be a vector`);
  });
  return replaceLoops(program, name, (loop) => [{ ...loop, mode }]);
}
