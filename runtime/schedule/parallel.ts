// Which loops are shared out among threads: the outermost ones, fused until there is enough to share.

import type { Loop, Program } from '../loop/program.js';
import type { Machine } from './machine.js';
import type { Step } from './steps.js';

/** Chunks for each thread, so that a slow core takes fewer of them. */
const chunksPerThread = 8;

export function parallelSteps(program: Program, machine: Machine): Step[] {
  const outer = program.body.find((statement): statement is Loop => statement.kind === 'for');
  if (outer === undefined || outer.axis === 'reduce') return [];
  const steps: Step[] = [];
  let { name, extent } = outer;
  let loop = outer;
  while (extent < machine.threads * chunksPerThread) {
    const [inner, ...rest] = loop.body;
    if (inner?.kind !== 'for' || rest.length > 0 || inner.axis !== 'space' || inner.mode !== 'serial') break;
    if (inner.body.every((statement) => statement.kind !== 'for')) break;
    const fused = `q${steps.length}`;
    steps.push({ step: 'fuse', outer: name, inner: inner.name, name: fused });
    extent *= inner.extent;
    name = fused;
    loop = inner;
  }
  return [...steps, { step: 'parallel', loop: name }];
}
