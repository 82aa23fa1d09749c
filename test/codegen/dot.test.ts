// Dot products of bytes in C, for every instruction set that this machine has, against the interpreter: exact, at the ends of all ranges.

import { vectorLanes, writeKernels } from '../../runtime/codegen/c.js';
import { levelDtype } from '../../runtime/codegen/whole.js';
import { fuse } from '../../runtime/graph/passes/fuse.js';
import { chooseLayouts } from '../../runtime/graph/passes/layout.js';
import { storeLevels } from '../../runtime/graph/passes/levels.js';
import { runProgram } from '../../runtime/loop/interpret.js';
import { type LoweredProgram, lowerNode } from '../../runtime/lower/lower.js';
import { apply } from '../../runtime/schedule/apply.js';
import { defaultSchedule } from '../../runtime/schedule/default.js';
import { levelsIn, quantisedNetwork } from '../graph/passes/quantised.js';
import { type Job, runCompiled, runnableIsas } from './run.js';

function jobsFor(isa: string): { readonly plain: Job; readonly scheduled: Job }[] {
  const lanes = vectorLanes(isa);
  const graph = chooseLayouts(fuse(storeLevels(quantisedNetwork(), levelDtype(isa))), lanes);
  const machine = { lanes, vectorRegisters: isa === 'avx512' ? 32 : 16, fmaPerCycle: 2, threads: 2 };
  return graph.nodes
    .filter(({ op }) => op === 'fused' || op === 'matmul')
    .flatMap((node) => lowerNode(graph, node))
    .map(({ program, values }: LoweredProgram) => {
      const given = program.buffers.filter(({ role }) => role === 'input' || role === 'constant');
      const feeds = new Map(
        given.map((buffer, i) => [buffer.name, graph.constants.get(values[i] ?? '') ?? levelsIn(buffer, i)]),
      );
      const applied = apply(defaultSchedule(program, machine), program);
      if (!applied.legal) throw new Error(applied.reason);
      return { plain: { program, feeds }, scheduled: { program: applied.program, feeds } };
    });
}

test.each(runnableIsas())('C for %s sums products of bytes as the interpreter does', async (isa) => {
  const jobs = jobsFor(isa);
  const results = await runCompiled(
    jobs.map(({ scheduled }) => scheduled),
    isa,
  );
  for (const [i, { plain }] of jobs.entries()) {
    const [want] = [...runProgram(plain.program, plain.feeds).values()];
    expect(results[i]?.get('y')?.data).toEqual(want?.data);
  }
});

test.each(['avx512', 'avx2', 'sse2', 'neon'])('convolutions of bytes are dot products in C for %s', (isa) => {
  const texts = jobsFor(isa).map(({ scheduled: { program } }) =>
    writeKernels((i) => `k${i}`, program, isa)
      .map(({ text }) => text)
      .join(''),
  );
  expect(texts.filter((text) => text.includes('ob_dot(')).length).toBe(2);
  expect(texts.filter((text) => text.includes('int8_t') && !text.includes('ob_')).length).toBe(0);
});
