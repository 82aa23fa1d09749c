// Generated C as a whole, for every instruction set: its diff shows what a change of the compiler does to real kernels.
// ONBOX_UPDATE_GOLDEN=1 writes the files anew.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { vectorLanes, writeKernels } from '../../runtime/codegen/c.js';
import { findLoops } from '../../runtime/loop/statement.js';
import { apply } from '../../runtime/schedule/apply.js';
import type { Schedule } from '../../runtime/schedule/steps.js';
import { type Sample, samples } from '../schedule/programs.js';

const folder = join(__dirname, '../golden');

/** Written by hand, so that the text changes with the code generator alone. */
const kernels: readonly { readonly name: string; readonly title: RegExp; readonly steps: Schedule }[] = [
  {
    name: 'conv-3x3-relu',
    title: /^conv\+relu .* in blocks/,
    steps: [
      { step: 'pack', buffer: 'k0', loops: ['co', 'ci'] },
      { step: 'pack', buffer: 'k1', loops: ['co', 'r', 's', 'io', 'ii', 'ci'] },
      { step: 'split', loop: 'w', factor: 3, outer: 'wt', inner: 'wu' },
      { step: 'sink', loop: 'wu' },
      { step: 'sink', loop: 'ci' },
      { step: 'vectorize', loop: 'ci' },
      { step: 'unroll', loop: 'wu' },
    ],
  },
  {
    name: 'depthwise-3x3-clip',
    title: /^conv\+clip .* in blocks/,
    steps: [
      { step: 'pack', buffer: 'k0', loops: ['co', 'ci'] },
      { step: 'pack', buffer: 'k1', loops: ['co', 'r', 's', 'ci'] },
      { step: 'sink', loop: 'ci' },
      { step: 'vectorize', loop: 'ci' },
    ],
  },
  { name: 'softmax', title: /^softmax .3,37. plain/, steps: [{ step: 'parallel', loop: 'd0' }] },
  {
    name: 'average-pool',
    title: /^average-pool .* in blocks/,
    steps: [
      { step: 'sink', loop: 'ci' },
      { step: 'vectorize', loop: 'ci' },
    ],
  },
];

describe.each(['neon', 'avx2', 'avx512'])('for %s', (isa) => {
  const known = samples(vectorLanes(isa));

  test.each(kernels)('$name is written as it stands in test/golden', ({ name, title, steps }) => {
    const { program } = known.find((sample) => title.test(sample.title)) as Sample;
    // Where one block holds all channels there is no loop over blocks.
    const has = (loop: string) => findLoops(program.body, loop).length > 0;
    const fitting = steps.map((step) => (step.step === 'pack' ? { ...step, loops: step.loops.filter(has) } : step));
    const applied = apply(fitting, program);
    expect(applied).toMatchObject({ legal: true });
    if (!applied.legal) return;
    const text = writeKernels((i) => `k${i}`, applied.program, isa)
      .map((kernel) => kernel.text)
      .join('\n');
    const path = join(folder, `${name}-${isa}.c`);
    if (process.env['ONBOX_UPDATE_GOLDEN'] === '1') {
      mkdirSync(folder, { recursive: true });
      writeFileSync(path, text);
    }
    expect(text).toBe(existsSync(path) ? readFileSync(path, 'utf8') : '');
  });
});
