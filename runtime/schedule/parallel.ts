// Which loops are shared out among threads: the outermost ones, fused until there is enough to share.

import type { Loop, Program } from '../loop/program.js';
import type { Step } from './steps.js';

/**
 * Steps for every nest at the top of a program; nests of one name (a main part and its tail) are shared out alike.
 * @param chunks as many iterations should the loop that is shared out have at least
 */
export function parallelSteps(program: Program, chunks: number): Step[] {
  const nests = program.body.filter((statement): statement is Loop => statement.kind === 'for' && statement.axis === 'space');
  const steps: Step[] = [];
  for (const [i, nest] of nests.entries()) {
    if (nests.findIndex(({ name }) => name === nest.name) === i) steps.push(...shareOut(nest, chunks, steps));
  }
  return steps;
}

/** @param before steps that have used up names already */
function shareOut(nest: Loop, chunks: number, before: readonly Step[]): Step[] {
  const fuses = before.filter((step) => step.step === 'fuse').length;
  const steps: Step[] = [];
  let { name, extent } = nest;
  let loop = nest;
  while (extent < chunks) {
    const [inner, ...rest] = loop.body;
    if (inner?.kind !== 'for' || rest.length > 0 || inner.axis !== 'space' || inner.mode !== 'serial') break;
    if (inner.body.every((statement) => statement.kind !== 'for')) break;
    const fused = `q${fuses + steps.length}`;
    steps.push({ step: 'fuse', outer: name, inner: inner.name, name: fused });
    extent *= inner.extent;
    name = fused;
    loop = inner;
  }
  return [...steps, { step: 'parallel', loop: name }];
}
