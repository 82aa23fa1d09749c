// The search against a device that is a formula: it finds what the formula likes, spends its budget where it pays, survives what goes
// wrong, and goes on where it stopped.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseProgram } from '../../runtime/loop/parse.js';
import { Drafts } from '../../runtime/schedule/drafts.js';
import type { TuningMachine } from '../../runtime/schedule/machine.js';
import { Records, taskKey } from '../../runtime/schedule/records.js';
import { type Measure, Search, type SearchOptions } from '../../runtime/schedule/search.js';
import { spaceOf } from '../../runtime/schedule/space.js';
import type { Candidate, Finding, Task } from '../../runtime/schedule/task-search.js';

const machine: TuningMachine = {
  lanes: 16,
  vectorRegisters: 32,
  fmaPerCycle: 2,
  threads: 2,
  l1Bytes: 32 * 1024,
  l2Bytes: 1024 * 1024,
};

function matmul(rows: number, steps: number, columns: number, count = 1): Task {
  const program = parseProgram(`input a f32[${rows},${steps}]
constant b f32[${steps},${columns}]
output y f32[${rows},${columns}]
for m in 0..${rows}
  for n in 0..${columns}
    local s f32[]
    s[] = 0
    for k in 0..${steps} [reduce]
      s[] += a[m, k] * b[k, n]
    y[m, n] = s[]`);
  return { key: taskKey(program), program, title: 'matmul', count, flops: 2 * rows * steps * columns };
}

/** A device that likes eight rows, which the draft does not know. */
function timeOf(task: Task, { choice }: Candidate): number {
  const { total } = new Drafts(task.program, machine).of(choice);
  return total * (1 + Math.abs(choice.rows - 8) * 0.2) * (choice.swapped ? 0.8 : 1);
}

const measureFormula = async (task: Task, candidates: readonly Candidate[]): Promise<Finding[]> =>
  candidates.map((candidate) => ({ outcome: 'ok', nanoseconds: timeOf(task, candidate) }));

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'onbox-search-'));
  path = join(folder, 'records.jsonl');
});
afterEach(() => rmSync(folder, { recursive: true }));

function optionsWith(changes: Partial<SearchOptions> = {}): SearchOptions {
  return {
    machine,
    place: { device: 'test', threads: 2 },
    roofline: { flopsPerNs: 1e6, bytesPerNs: 1e6 },
    records: Records.open(path),
    compiler: '0.1.0',
    measure: measureFormula,
    budget: { minutes: 1, trials: 160 },
    ...changes,
  };
}

test('the search comes within a few percent of the best of the whole space in a fraction of its trials', async () => {
  const task = matmul(60, 64, 160);
  const [result] = await new Search([task], optionsWith()).run();
  const { choices } = spaceOf(task.program, machine);
  const best = Math.min(...choices.map((choice) => timeOf(task, { choice, steps: [] })));
  expect(result?.bestNs).toBeLessThan(best * 1.03);
  expect(result?.bestNs).toBeLessThan((result?.startNs ?? 0) * 0.9);
  expect(result?.trials).toBeLessThan(choices.length / 10);
});

test('every trial is recorded, and only the best so far is measured again', async () => {
  const seen: string[] = [];
  const measure: Measure = (task, candidates) => {
    const texts = candidates.map(({ steps }) => JSON.stringify(steps));
    expect(new Set(texts).size).toBe(texts.length);
    seen.push(...texts);
    return measureFormula(task, candidates);
  };
  await new Search([matmul(24, 32, 48)], optionsWith({ measure, budget: { minutes: 1, trials: 60 } })).run();
  expect(seen.length).toBe(60);
  expect(new Set(seen).size).toBe(seen.length - 3);
  expect(Records.open(path).count).toBe(seen.length);
});

test('a second search goes on where the first stopped', async () => {
  const task = matmul(60, 64, 160);
  await new Search([task], optionsWith({ budget: { minutes: 1, trials: 32 } })).run();
  const first = Records.open(path).best(task.key, { device: 'test', threads: 2 });
  const before = Records.open(path).count;
  const [result] = await new Search([task], optionsWith({ budget: { minutes: 1, trials: 32 } })).run();
  expect(before).toBe(32);
  expect(result?.trials).toBeGreaterThan(before + 20);
  expect(result?.bestNs).toBeLessThanOrEqual(first?.nanoseconds ?? 0);
});

test('candidates that crash or compute something else are recorded and never best', async () => {
  const measure: Measure = async (task, candidates) =>
    candidates.map((candidate) => {
      if (candidate.choice.columns === 2) return { outcome: 'crashed', nanoseconds: 0 };
      if (candidate.choice.columns === 3) return { outcome: 'wrong', nanoseconds: 0 };
      return { outcome: 'ok', nanoseconds: timeOf(task, candidate) };
    });
  const task = matmul(60, 64, 160);
  const [result] = await new Search([task], optionsWith({ measure })).run();
  const records = Records.open(path);
  expect(records.of(task.key, { device: 'test', threads: 2 }).some(({ outcome }) => outcome === 'crashed')).toBe(true);
  const best = records.best(task.key, { device: 'test', threads: 2 });
  expect([2, 3]).not.toContain(best?.choice.columns);
  expect(best?.nanoseconds).toBe(result?.bestNs);
});

test('most trials go where most time is', async () => {
  const [large, small] = [matmul(128, 512, 512, 4), matmul(8, 16, 32)];
  const results = await new Search([small, large], optionsWith({ budget: { minutes: 1, trials: 96 } })).run();
  const [ofSmall, ofLarge] = [small, large].map(({ key }) => results.find(({ task }) => task.key === key)?.trials ?? 0);
  expect(ofLarge).toBeGreaterThan((ofSmall ?? 0) * 2);
});

test('a time that was too good to be true does not stay the best', async () => {
  let batches = 0;
  const measure: Measure = async (task, candidates) => {
    const lucky = batches++ === 0 ? 7 : -1;
    const findings = await measureFormula(task, candidates);
    return findings.map((finding, i) => (i === lucky ? { ...finding, nanoseconds: 100 } : finding));
  };
  const task = matmul(60, 64, 160);
  const [result] = await new Search([task], optionsWith({ measure, budget: { minutes: 1, trials: 64 } })).run();
  expect(result?.bestNs).toBeGreaterThan(100);
  expect(Records.open(path).best(task.key, { device: 'test', threads: 2 })?.nanoseconds).toBe(result?.bestNs);
});

test('a task that cannot be measured does not stop the others', async () => {
  const [broken, sound] = [matmul(128, 512, 512, 4), matmul(24, 32, 48)];
  const measure: Measure = async (task, candidates) =>
    task.key === broken.key ? undefined : await measureFormula(task, candidates);
  const results = await new Search([broken, sound], optionsWith({ measure })).run();
  expect(results.map(({ trials }) => trials > 0)).toEqual([false, true]);
});

test('nothing is searched where the roofline is reached', async () => {
  const roofline = { flopsPerNs: 1e-6, bytesPerNs: 1e6 };
  const [result] = await new Search([matmul(24, 32, 48)], optionsWith({ roofline })).run();
  expect(result?.trials).toBeLessThanOrEqual(16);
});

test('an abort loses nothing that was measured', async () => {
  const controller = new AbortController();
  let batches = 0;
  const measure: Measure = async (task, candidates) => {
    if (++batches === 2) controller.abort();
    return (await measureFormula(task, candidates)).slice(0, batches === 2 ? 3 : 16);
  };
  const [result] = await new Search([matmul(60, 64, 160)], optionsWith({ measure, signal: controller.signal })).run();
  expect(batches).toBe(2);
  expect(result?.trials).toBe(19);
  expect(Records.open(path).count).toBe(19);
});

test('the same measurements lead to the same schedules', async () => {
  const texts = [];
  for (const name of ['one', 'two']) {
    const records = Records.open(join(folder, name));
    await new Search([matmul(24, 32, 48)], optionsWith({ records, budget: { minutes: 1, trials: 48 } })).run();
    texts.push(JSON.stringify(records.all().map((line) => ({ ...line, at: '' }))));
  }
  expect(texts[0]).toBe(texts[1]);
});
