// Records: what was measured survives torn lines, other versions and hostile files, and the fastest is found again.

import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseProgram } from '../../runtime/loop/parse.js';
import { defaultSchedule } from '../../runtime/schedule/default.js';
import type { TuningRecord } from '../../runtime/schedule/record.js';
import { parseRecord, Records, taskKey } from '../../runtime/schedule/records.js';
import { isUsable } from '../../runtime/schedule/trust.js';
import { samples } from './programs.js';

const choice = {
  vector: true,
  fused: true,
  swapped: false,
  lines: 1,
  rows: 4,
  columns: 2,
  turned: 0,
  unrolled: 1,
  chunks: 8,
};
const record: TuningRecord = {
  format: 1,
  task: 'a'.repeat(64),
  device: 'x64-avx512-0123456789abcdef',
  threads: 2,
  choice,
  steps: [{ step: 'split', loop: 'w', factor: 4, outer: 'wo', inner: 'wi' }],
  outcome: 'ok',
  nanoseconds: 1000,
  compiler: '0.1.0',
  at: '2026-01-01T00:00:00.000Z',
};
const here = { device: record.device, threads: 2 };
/** Another schedule. */
const other = { ...record, steps: [{ step: 'unroll', loop: 'w' }] as const };

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'onbox-records-'));
  path = join(folder, 'deep', 'records.jsonl');
});
afterEach(() => rmSync(folder, { recursive: true }));

test('a record is read back as it was written', () => {
  expect(parseRecord(JSON.stringify(record))).toEqual(record);
});

test.each([
  ['a torn line', JSON.stringify(record).slice(0, -9)],
  ['another format', JSON.stringify({ ...record, format: 2 as 1 })],
  ['a step that there is not', JSON.stringify({ ...record, steps: [{ step: 'run', loop: 'w' }] })],
  ['a loop that is no name', JSON.stringify({ ...record, steps: [{ step: 'unroll', loop: 'w; system()' }] })],
  ['a factor that is no whole number', JSON.stringify({ ...record, steps: [{ ...record.steps[0], factor: 1.5 }] })],
  ['a time that is none', JSON.stringify({ ...record, nanoseconds: null })],
  ['a task that is no digest', JSON.stringify({ ...record, task: '../../etc/passwd' })],
  ['a list', '[]'],
  ['nothing', ''],
])('%s is passed over', (_, line) => {
  expect(parseRecord(line)).toBeUndefined();
});

test('the fastest of a task on a device is found, and a file that is not there is empty', () => {
  const records = Records.open(path);
  expect(records.best(record.task, here)).toBeUndefined();
  records.append([record, { ...other, nanoseconds: 800 }, { ...other, task: 'b'.repeat(64), nanoseconds: 1 }]);
  expect(Records.open(path).best(record.task, here)?.nanoseconds).toBe(800);
  expect(records.best(record.task, { ...here, device: 'elsewhere' })).toBeUndefined();
});

test('a schedule counts with its last measurement, and not at all once it has failed', () => {
  const records = Records.open(path);
  records.append([{ ...other, nanoseconds: 500 }, record]);
  records.append([{ ...other, nanoseconds: 2000 }]);
  expect(records.best(record.task, here)?.nanoseconds).toBe(1000);
  records.append([{ ...record, outcome: 'wrong', nanoseconds: 0 }]);
  expect(records.best(record.task, here)?.nanoseconds).toBe(2000);
});

test('times of the same number of threads come first, others do where there are none', () => {
  const records = Records.open(path);
  records.append([record, { ...other, threads: 1, nanoseconds: 10 }]);
  expect(records.best(record.task, here)?.nanoseconds).toBe(1000);
  expect(records.best(record.task, { ...here, threads: 8 })?.nanoseconds).toBe(10);
});

test('after a torn line the next one is whole, and records are not written twice', () => {
  Records.open(path).append([record]);
  appendFileSync(path, JSON.stringify(other).slice(0, 40));
  const records = Records.open(path);
  expect(records.append([record, other])).toBe(1);
  expect(Records.open(path).count).toBe(2);
  expect(readFileSync(path, 'utf8').endsWith('\n')).toBe(true);
});

test('what is no text at all is read as no records', () => {
  writeFileSync(join(folder, 'noise'), Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 7919) % 256)));
  expect(Records.open(join(folder, 'noise')).count).toBe(0);
});

test('the key of a task does not depend on the object, but on everything that is computed', () => {
  const text = 'input x f32[8]\noutput y f32[8]\nfor i in 0..8\n  y[i] = x[i] + 1';
  expect(taskKey(parseProgram(text))).toBe(taskKey(parseProgram(text)));
  expect(taskKey(parseProgram(text))).not.toBe(taskKey(parseProgram(text.replace('+ 1', '+ 2'))));
});

test('schedules that are legal are usable, those of another program or out of proportion are not', () => {
  const machine = { lanes: 4, vectorRegisters: 32, fmaPerCycle: 2, threads: 2 };
  for (const { program } of samples(4)) expect(isUsable(defaultSchedule(program, machine), program)).toBe(true);
  const program = parseProgram('input x f32[90000]\noutput y f32[90000]\nfor i in 0..90000\n  y[i] = x[i] + 1');
  expect(isUsable([{ step: 'unroll', loop: 'w' }], program)).toBe(false);
  expect(isUsable([{ step: 'unroll', loop: 'i' }], program)).toBe(false);
});
