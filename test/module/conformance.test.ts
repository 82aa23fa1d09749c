// Trees of ONNX backend tests through the compiled path: what passes, what fails and what is refused, each with its reason.

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Tensor, tensorOf } from '../../runtime/core/tensor.js';
import { runConformance } from '../../runtime/module/conformance.js';
import { writeTensor } from '../../runtime/onnx/read.js';
import { sharedData } from '../support/data.js';
import { writeOnnx } from '../support/onnx-writer.js';

const compileTimeoutMs = 300_000;

let root = '';
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'onbox-conformance-test-'));
});
afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

function writeTest(name: string, op: string, input: Tensor, output: Tensor): void {
  const set = join(root, name, 'test_data_set_0');
  mkdirSync(set, { recursive: true });
  const model = writeOnnx({
    inputs: [{ name: 'x', dims: [...input.shape] }],
    outputs: ['y'],
    nodes: [{ op, inputs: ['x'], outputs: ['y'] }],
  });
  writeFileSync(join(root, name, 'model.onnx'), model);
  writeFileSync(join(set, 'input_0.pb'), writeTensor(input, 'x'));
  writeFileSync(join(set, 'output_0.pb'), writeTensor(output, 'y'));
}

test(
  'every test of a tree is told as passed, failed with the element, or unsupported with the reason',
  async () => {
    const x = tensorOf('f32', [3], [-1, 0, 2]);
    writeTest('right/relu', 'Relu', x, tensorOf('f32', [3], [0, 0, 2]));
    writeTest('wrong', 'Neg', x, tensorOf('f32', [3], [1, 0, 2]));
    writeTest('unknown', 'NoSuchOperator', x, x);
    writeTest('shape', 'Abs', x, tensorOf('f32', [1, 3], [1, 0, 2]));
    expect(await runConformance(root)).toEqual({
      passed: 1,
      failed: 2,
      unsupported: 1,
      results: [
        { name: 'right/relu', verdict: 'passed' },
        { name: 'shape', verdict: 'failed', reason: 'output "y": wants f32[1,3], got f32[3]' },
        {
          name: 'unknown',
          verdict: 'unsupported',
          reason: 'unsupported-operators: operators that onbox lacks: NoSuchOperator (1: "y")',
        },
        { name: 'wrong', verdict: 'failed', reason: 'output "y": element 2 wants 2, got -2' },
      ],
    });
  },
  compileTimeoutMs,
);

test('a folder without tests is an error', async () => {
  const empty = join(root, 'empty');
  mkdirSync(empty);
  await expect(runConformance(empty)).rejects.toMatchObject({ code: 'tests-missing' });
});

const table = sharedData('onnx-node-tests', 'vision-cnn-tests-v1.17.0.tsv');
const archive = sharedData('onnx-node-tests', 'onnx-backend-test-data-v1.17.0.tar.gz');
/** One of so many is run here; `onbox conformance` runs all. */
const sampled = 16;
/** Of the whole list (CHANGELOG.md), with room for a sample's luck. */
const shareMin = 0.75;

if (table === undefined || archive === undefined) {
  test.skip('shared data is missing: skipped', () => {});
} else {
  test(
    "a sample of ONNX's own tests of vision networks passes through the compiled path, and none fails",
    async () => {
      const names = readFileSync(table, 'utf8')
        .split('\n')
        .filter(Boolean)
        .map((line) => line.split('\t')[0] ?? '');
      const sample = names.filter((_, i) => i % sampled === 0);
      const folder = join(root, 'onnx');
      mkdirSync(folder);
      const members = sample.map((name) => `data/node/${name}`);
      execFileSync('tar', ['xzf', archive, '-C', folder, ...members]);
      const report = await runConformance(folder);
      expect(report.results.filter(({ verdict }) => verdict === 'failed')).toEqual([]);
      expect(report.passed / sample.length).toBeGreaterThan(shareMin);
    },
    compileTimeoutMs,
  );
}
