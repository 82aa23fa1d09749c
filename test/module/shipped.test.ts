// What ships of machines that were measured: every line means something, and what this machine has measured itself goes before it.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describeCpu } from '../../runtime/device/cpu.js';
import { layOut } from '../../runtime/module/compile.js';
import { Known } from '../../runtime/module/known.js';
import { machineOf } from '../../runtime/module/machine.js';
import { printShipped, Shipped, type ShippedFile, shippedPath, shortKey } from '../../runtime/module/shipped.js';
import { tasksOf } from '../../runtime/module/tasks.js';
import { fastestAlgorithm } from '../../runtime/schedule/algorithm.js';
import { choiceKey, parseChoiceKey } from '../../runtime/schedule/choice.js';
import { defaultChoice } from '../../runtime/schedule/default.js';
import { scheduleFor } from '../../runtime/schedule/derive.js';
import { Records } from '../../runtime/schedule/records.js';
import { smallNetwork } from './networks.js';

const choice = { vector: true, fused: false, swapped: true, lines: 1, rows: 6, columns: 2, turned: 0, unrolled: 1, chunks: 2 };
const facts = { channels: 64, outputs: 64, height: 56, width: 56 };
const task = 'c'.repeat(64);
const file: ShippedFile = {
  cpu: 'a CPU',
  compiler: '0.1.0',
  programs: { [shortKey(task)]: { 2: choiceKey(choice) } },
  convolutions: { '64x64x56x56': { 1: { direct: 900, 4: 400, 6: 395 } } },
};
const folder = dirname(shippedPath(''));

test.each(readdirSync(folder))('every line of %s means something', (name) => {
  const { programs, convolutions }: ShippedFile = JSON.parse(readFileSync(join(folder, name), 'utf8'));
  const choices = Object.values(programs).flatMap((byThreads) => Object.values(byThreads));
  expect(choices.length).toBeGreaterThan(0);
  expect(choices.filter((text) => parseChoiceKey(text) === undefined)).toEqual([]);
  expect(Object.keys(programs).filter((key) => !/^[0-9a-f]{16}$/.test(key))).toEqual([]);
  const times = Object.values(convolutions).flatMap((byThreads) => Object.values(byThreads));
  expect(times.filter((known) => fastestAlgorithm(known) === undefined)).toEqual([]);
});

test('a file is read as it was printed', () => {
  expect(JSON.parse(printShipped(file))).toEqual(file);
});

test('a choice holds for the threads that it was measured with, and its tiles for others', () => {
  const shipped = new Shipped(file);
  expect(shipped.choice(task, 2)).toEqual(choice);
  expect(shipped.choice(task, 4)).toEqual({ ...choice, chunks: 8 });
  expect(shipped.choice(task, 1)).toEqual({ ...choice, chunks: 8 });
  expect(shipped.choice('d'.repeat(64), 2)).toBeUndefined();
});

test('of algorithms that are about as fast the more exact one is taken', () => {
  const times = new Shipped(file).algorithms(facts, 2);
  expect(times).toEqual({ direct: 900, 4: 400, 6: 395 });
  expect(fastestAlgorithm(times ?? {})).toBe(4);
});

test('what was measured with other threads gives its tiles, not how the work was shared out', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'onbox-shipped-'));
  try {
    const device = describeCpu();
    const [first] = tasksOf(layOut(smallNetwork(), device), []);
    if (first === undefined) throw new Error('no task');
    const measured = { ...defaultChoice(first.program, machineOf(device, 1)), chunks: 1 };
    const path = join(scratch, 'records.jsonl');
    Records.open(path).append([
      {
        format: 1,
        task: first.key,
        device: device.fingerprint,
        threads: 1,
        choice: measured,
        steps: scheduleFor(first.program, machineOf(device, 1), measured),
        outcome: 'ok',
        nanoseconds: 1,
        compiler: '0.1.0',
        at: '2026-01-01T00:00:00.000Z',
      },
    ]);
    const anew = scheduleFor(first.program, machineOf(device, 3), { ...measured, chunks: 8 });
    expect(Known.open(device, 3, path).schedule(first.program)).toEqual(anew);
  } finally {
    rmSync(scratch, { recursive: true });
  }
});
