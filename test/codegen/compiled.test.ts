// Generated C against the interpreter: lowered operators with and without their default schedule, for every instruction set that
// this machine has.

import { vectorLanes } from '../../runtime/codegen/c.js';
import { runProgram } from '../../runtime/loop/interpret.js';
import { apply } from '../../runtime/schedule/apply.js';
import { defaultSchedule } from '../../runtime/schedule/default.js';
import { distance, feedsOf, halfStep, type Sample, samples } from '../schedule/programs.js';
import { runCompiled, runnableIsas } from './run.js';

/** exp and its kin are within a few ulp of the interpreter's. */
const tolerance = 4e-6;

test.each(runnableIsas())('C for %s computes what the interpreter does, scheduled or not', async (isa) => {
  const plain = samples(vectorLanes(isa));
  const all = [...plain, ...plain.map((sample) => scheduled(sample, isa))];
  const jobs = all.map(({ program }) => ({ program, feeds: feedsOf(program) }));
  const results = await runCompiled(jobs, isa);
  const far = plain.flatMap(({ title, program }, i) => {
    const want = runProgram(program, feedsOf(program));
    return [i, i + plain.length].flatMap((job) =>
      [...want].flatMap(([name, tensor]) => {
        const got = results[job]?.get(name);
        const away = got === undefined ? Number.POSITIVE_INFINITY : distance(got, tensor);
        return away <= (title.endsWith('halves') ? halfStep : tolerance)
          ? []
          : [`${job === i ? 'plain' : 'scheduled'} ${title}: ${name} is off by ${away}`];
      }),
    );
  });
  expect(far).toEqual([]);
});

function scheduled({ title, program }: Sample, isa: string): Sample {
  const machine = { lanes: vectorLanes(isa), vectorRegisters: isa === 'avx512' ? 32 : 16, fmaPerCycle: 2, threads: 2 };
  const applied = apply(defaultSchedule(program, machine), program);
  if (!applied.legal) throw new Error(`${title}: ${applied.reason}`);
  return { title, program: applied.program };
}
