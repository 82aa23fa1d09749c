// Tuning a model: its programs are measured, what was learned is recorded, and the next compile takes its schedules from there.

import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { writeKernels } from '../../runtime/codegen/c.js';
import { openclLanes } from '../../runtime/codegen/opencl.js';
import { describeCpu } from '../../runtime/device/cpu.js';
import { listOpenclDevices } from '../../runtime/device/opencl-session.js';
import type { Program } from '../../runtime/loop/program.js';
import { compile, layOut, layOutFor } from '../../runtime/module/compile.js';
import { Known } from '../../runtime/module/known.js';
import { machineOf } from '../../runtime/module/machine.js';
import { openclPlace, openclScheduling } from '../../runtime/module/opencl-target.js';
import { schedulingFor } from '../../runtime/module/scheduling.js';
import { tasksOf } from '../../runtime/module/tasks.js';
import { tune } from '../../runtime/module/tune.js';
import { apply } from '../../runtime/schedule/apply.js';
import { defaultSchedule } from '../../runtime/schedule/default.js';
import { scheduleFor } from '../../runtime/schedule/derive.js';
import { isOfConvolution, parseRecord, Records } from '../../runtime/schedule/records.js';
import type { Schedule } from '../../runtime/schedule/steps.js';
import { registerFlags } from '../daemon/support/server.js';
import { keepPoclCache, openclProbe } from '../support/opencl.js';
import { makeScratch, smallNetwork } from './networks.js';

keepPoclCache();

const scratch = makeScratch();
const device = describeCpu();
const place = { device: device.fingerprint, threads: 1 };
const child = { script: resolve(__dirname, '../../runtime/device/measure-child.ts'), nodeFlags: registerFlags };

test('what a search has learned is what the next compile uses, and the module passes its self-check', async () => {
  const records = join(scratch, 'records.jsonl');
  const seen: number[] = [];
  const report = await tune({
    graph: smallNetwork(),
    image: undefined,
    records,
    threads: 1,
    exact: true,
    minutes: 1,
    trials: 20,
    child,
    progress: ({ trials }) => seen.push(trials),
  });
  expect(seen.at(-1)).toBe(20);
  expect(report.peakFlopsPerNs).toBeGreaterThan(0.1);
  const tuned = report.layers.filter(({ bestNs }) => bestNs !== undefined);
  expect(tuned.length).toBeGreaterThan(0);
  for (const { startNs, bestNs } of tuned) expect(bestNs).toBeLessThanOrEqual(startNs ?? 0);

  const book = Records.open(records);
  expect(book.count).toBe(20);
  expect(book.all().filter((line) => !isOfConvolution(line) && line.outcome !== 'ok')).toEqual([]);
  const schedule = schedulingFor(device, 1, Known.open(device, 1, records));
  for (const { key, program } of tasksOf(
    layOut(smallNetwork(), device, () => undefined),
    [],
  )) {
    const best = book.best(key, place);
    if (best !== undefined) expect(schedule(program)).toEqual(best.steps);
  }
  expect(report.busySeconds).toBeLessThanOrEqual(report.seconds);

  // The log alone is enough to make the same kernels again.
  const programs = new Map(
    tasksOf(
      layOut(smallNetwork(), device, () => undefined),
      [],
    ).map(({ key, program }) => [key, program]),
  );
  for (const line of readFileSync(records, 'utf8').trim().split('\n')) {
    const record = parseRecord(line);
    const program = record !== undefined && 'steps' in record ? programs.get(record.task) : undefined;
    if (record === undefined || !('steps' in record) || program === undefined) throw new Error(line);
    const derived = scheduleFor(program, machineOf(device, 1), record.choice);
    expect(textOf(program, record.steps)).toBe(textOf(program, derived));
  }

  const { manifest } = await compile({
    name: 'tuned',
    graph: smallNetwork(),
    modelDigest: '0'.repeat(64),
    spec: { task: 'other', labels: [] },
    outFolder: join(scratch, 'tuned'),
    threads: 1,
    exact: true,
    records,
  });
  expect(manifest.selfCheck.passed).toBe(true);
}, 180_000);

test('a search on an OpenCL device records what it has measured there, and a compile for it takes the best', async () => {
  const records = join(scratch, 'opencl.jsonl');
  const graph = smallNetwork();
  const common = { graph, target: 'opencl', probe: openclProbe, records } as const;
  const report = await tune({ ...common, image: undefined, minutes: 5, trials: 3, child });
  expect(report.threads).toBe(1);
  const book = Records.open(records);
  const lines = book.all().flatMap((line) => (isOfConvolution(line) ? [] : [line]));
  expect(lines.map(({ outcome }) => outcome)).toEqual(['ok', 'ok', 'ok']);
  const [opencl] = listOpenclDevices();
  if (opencl === undefined) throw new Error('no OpenCL device');
  expect(new Set(lines.map(({ device: where }) => where))).toEqual(new Set([opencl.fingerprint]));

  const best = book.best(lines[0]?.task ?? '', openclPlace(opencl));
  const schedule = openclScheduling(opencl, Known.at(openclPlace(opencl), records));
  const tasks = tasksOf(
    layOutFor(graph, openclLanes, () => undefined),
    [],
  );
  const task = tasks.find(({ key }) => key === best?.task);
  expect(best?.steps).toEqual(task === undefined ? undefined : schedule(task.program));
}, 300_000);

/** The C of a scheduled program. */
function textOf(program: Program, schedule: Schedule): string {
  const applied = apply(schedule, program);
  if (!applied.legal) throw new Error(applied.reason);
  return writeKernels((i) => `k${i}`, applied.program, device.isa)
    .map(({ text }) => text)
    .join('');
}

test('a recorded schedule that is not legal is passed over', () => {
  const records = join(scratch, 'illegal.jsonl');
  const [task] = tasksOf(
    layOut(smallNetwork(), device, () => undefined),
    [],
  );
  if (task === undefined) throw new Error('no task');
  const machine = machineOf(device, 1);
  const choice = {
    vector: true,
    fused: true,
    swapped: false,
    lines: 1,
    rows: 1,
    columns: 1,
    turned: 0,
    unrolled: 0,
    chunks: 1,
  };
  Records.open(records).append([
    {
      format: 1,
      task: task.key,
      ...place,
      choice,
      steps: [{ step: 'unroll', loop: 'elsewhere' }],
      outcome: 'ok',
      nanoseconds: 1,
      compiler: '0.1.0',
      at: '2026-01-01T00:00:00.000Z',
    },
  ]);
  expect(schedulingFor(device, 1, Known.open(device, 1, records))(task.program)).toEqual(
    defaultSchedule(task.program, machine),
  );
});

test('the tasks of a model are its distinct programs, counted', () => {
  const tasks = tasksOf(
    layOut(smallNetwork(), device, () => undefined),
    [],
  );
  expect(new Set(tasks.map(({ key }) => key)).size).toBe(tasks.length);
  expect(tasks.every(({ count }) => count >= 1)).toBe(true);
});
