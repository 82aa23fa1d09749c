// Dot: the few products of an innermost reduction, of whole numbers, become one expression, a store instead of several. Whole numbers
// wrap, so that their sums are the same in every order.

import { isFloat } from '../core/tensor.js';
import { constant } from '../loop/affine.js';
import { call } from '../loop/expression.js';
import type { Program } from '../loop/program.js';
import { substituteBlock } from '../loop/statement.js';
import { demand } from './illegal.js';
import { replaceLoops } from './rewrite.js';

/** Products that one instruction sums. */
export const dotLength = 4;

export function dot(program: Program, name: string): Program {
  return replaceLoops(program, name, (loop) => {
    const [store, ...rest] = loop.body;
    demand(loop.axis === 'reduce' && loop.mode === 'serial', `${name} is no serial reduction`);
    demand(loop.extent === dotLength, `${name} has ${loop.extent} iterations, not ${dotLength}`);
    demand(store?.kind === 'store' && rest.length === 0, `${name} is not directly around one store`);
    demand(store.combine === 'add' && !isFloat(store.value.dtype), `${name} does not sum whole numbers`);
    const value = Array.from({ length: loop.extent }, (_, i) => {
      const [copy] = substituteBlock([store], new Map([[name, constant(i)]]));
      demand(copy?.kind === 'store', `${name} is not around one store`);
      return copy.value;
    }).reduce((sum, term) => call('add', sum, term));
    return [{ ...store, value }];
  });
}
