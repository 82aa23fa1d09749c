// Which loops are shared out among threads: the outermost ones, fused until there is enough to share.

import type { Loop, Program } from '../loop/program.js';
import type { Machine } from './machine.js';
import type { Step } from './steps.js';

/** Chunks for each thread, so that a slow core takes fewer of them. */
const chunksPerThread = 8;

/** Steps for every nest at the top of a program; nests of one name (a main part and its tail) are shared out alike. */
export function parallelSteps(program: Program, machine: Machine): Step[] {
  const nests = program.body.filter((statement): statement is Loop => statement.kind === 'for' && statement.axis === 'space');
  const steps: Step[] = [];
  for (const [i, nest] of nests.entries()) {
    if (nests.findIndex(({ name }) => name === nest.name) === i) steps.push(...shareOut(nest, machine, steps));
  }
  return steps;
}

/** @param before steps that have used up names already */
function shareOut(nest: Loop, machine: Machine, before: readonly Step[]): Step[] {
  const fuses = before.filter((step) => step.step === 'fuse').length;
  const steps: Step[] = [];
  let { name, extent } = nest;
  let loop = nest;
  while (extent < machine.threads * chunksPerThread) {
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
