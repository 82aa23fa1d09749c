// tune, profile and records from the command line: a small model is searched and measured for real, in processes of their own.

import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { drawProfile } from '../../daemon/commands/profile-svg.js';
import { printTable } from '../../daemon/commands/table.js';
import { tensorOf } from '../../runtime/core/tensor.js';
import { writeOnnx } from '../support/onnx-writer.js';
import { registerFlags } from './support/server.js';

const main = resolve(__dirname, '../../daemon/main.ts');
let home: string;
let model: string;

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'onbox-tuning-'));
  model = join(home, 'tiny.onnx');
  const weights = Array.from({ length: 64 * 64 }, (_, i) => Math.sin(i));
  const bytes = writeOnnx({
    inputs: [{ name: 'x', dims: [48, 64] }],
    outputs: [{ name: 'y', dims: [48, 64] }],
    nodes: [{ op: 'MatMul', inputs: ['x', 'w'], outputs: ['y'] }],
    initializers: { w: tensorOf('f32', [64, 64], weights) },
    opset: 13,
  });
  writeFileSync(model, bytes);
  await onbox(home, 'compile', model);
}, 120_000);

afterAll(() => rmSync(home, { recursive: true }));

/** The JSON that a command prints. */
async function onbox(folder: string, ...args: readonly string[]) {
  const environment = { ...process.env, ONBOX_HOME: folder };
  const text = await new Promise<string>((done, fail) => {
    execFile(process.execPath, [...registerFlags, main, ...args, '--json'], { env: environment }, (error, out, err) => {
      if (error === null) done(out);
      else fail(new Error(`${out}${err}`));
    });
  });
  return JSON.parse(text);
}

test('an installed model is tuned, what was measured is kept, and goes on to another machine', async () => {
  const tuned = await onbox(home, 'tune', 'tiny', '--trials', '6', '--minutes', '2', '--threads', '1');
  expect(tuned).toMatchObject({ model: 'tiny', threads: 1, layers: [{ title: 'matmul', count: 1, trials: 6 }] });
  expect(tuned.layers[0].after_us).toBeLessThanOrEqual(tuned.layers[0].before_us);
  expect(tuned.before.median_ms).toBeGreaterThan(0);
  expect(tuned.installed === null || tuned.after.median_ms < tuned.before.median_ms).toBe(true);

  const file = join(home, 'export.jsonl');
  expect(await onbox(home, 'records', 'list')).toMatchObject({ records: 6, devices: [{ threads: 1, tasks: 1, records: 6 }] });
  expect(await onbox(home, 'records', 'export', file)).toMatchObject({ records: 6 });
  const other = join(home, 'other');
  expect(await onbox(other, 'records', 'import', file)).toMatchObject({ records: 6 });
  expect(await onbox(other, 'records', 'import', file)).toMatchObject({ records: 0 });
}, 180_000);

test('a profile has every launch with its share and schedule, and a chart', async () => {
  const svg = join(home, 'profile.svg');
  const { launches, peak_gflops, total_ms } = await onbox(home, 'profile', 'tiny', '--runs', '3', '--svg', svg);
  expect(launches.map(({ title }: { title: string }) => title)).toContain('matmul');
  expect(launches.reduce((sum: number, { share }: { share: number }) => sum + share, 0)).toBeCloseTo(1, 2);
  expect(launches.every(({ schedule }: { schedule: string }) => schedule.length > 0)).toBe(true);
  expect(peak_gflops).toBeGreaterThan(0);
  expect(total_ms).toBeGreaterThan(0);
  expect(readFileSync(svg, 'utf8')).toMatch(/^<svg [\s\S]*<\/svg>\n$/);
}, 120_000);

test('records wants an action that there is, and a file where it needs one', async () => {
  await expect(onbox(home, 'records', 'burn')).rejects.toThrow('list, export FILE or import FILE');
  await expect(onbox(home, 'records', 'export')).rejects.toThrow('FILE is missing');
  await expect(onbox(home, 'records', 'import', model)).rejects.toThrow('holds no records');
});

test('text in a chart is escaped', () => {
  const launch = { title: '<b>&"\u0007', schedule: "'x'", nanoseconds: 10, share: 1, flops: 100, peakShare: 0.5 };
  const svg = drawProfile('</svg><script>', { threads: 1, peakFlopsPerNs: 10, totalNs: 10, launches: [launch] });
  expect(svg).toContain('&lt;b&gt;&amp;&quot; ');
  expect(svg).not.toMatch(/<script|<b>|[^\P{Cc}\n]/u);
  expect(svg.match(/<\/svg>/g)).toHaveLength(1);
});

test('columns of a table are as wide as their longest cell', () => {
  const table = printTable(
    ['us', 'kernel'],
    [
      ['1.0', 'conv'],
      ['100.0', 'softmax'],
    ],
    1,
  );
  expect(table).toBe('   us  kernel\n  1.0  conv\n100.0  softmax\n');
});
