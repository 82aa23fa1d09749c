// Import and reference evaluation against ONNX's own tests. What onbox does not do stands, with the reason, in onnx-node-tests.json.

import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { sharedData } from '../support/data.js';
import { listNodeTests, runNodeTest, unpackNodeTests } from './node-test-cases.js';

const table = sharedData('onnx-node-tests', 'vision-cnn-tests-v1.17.0.tsv');
const archive = sharedData('onnx-node-tests', 'onnx-backend-test-data-v1.17.0.tar.gz');

/** Names of tests by reason. */
type Names = Readonly<Record<string, readonly string[]>>;
const known: Names = JSON.parse(readFileSync(join(__dirname, 'onnx-node-tests.json'), 'utf8'));
const refused = new Set(Object.values(known).flat());

/** Tests of what networks of images seldom have: text in pictures. */
const besides = (
  'gru_batchwise gru_defaults gru_seq_length gru_with_initial_bias lstm_batchwise lstm_defaults lstm_with_initial_bias ' +
  'lstm_with_peepholes rnn_seq_length simple_rnn_batchwise simple_rnn_defaults simple_rnn_with_initial_bias'
)
  .split(' ')
  .map((name) => `test_${name}`);

if (table === undefined || archive === undefined) {
  test.skip('shared data is missing: skipped', () => {});
} else {
  const tests = listNodeTests(table);
  let folder = '';

  beforeAll(() => {
    folder = unpackNodeTests(archive);
  });

  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  test('every test that onnx-node-tests.json names exists', () => {
    const names = new Set(tests.map(({ name }) => name));
    expect([...refused].filter((name) => !names.has(name))).toEqual([]);
  });

  test.each(tests.filter(({ name }) => !refused.has(name)))('$name ($operators) gives what ONNX says', ({ name }) => {
    expect(runNodeTest(join(folder, name))).toBeUndefined();
  });

  test.each(besides)('%s, of no vision list, gives what ONNX says', (name) => {
    expect(runNodeTest(join(folder, name))).toBeUndefined();
  });

  test.each(tests.filter(({ name }) => refused.has(name)))('$name ($operators) is still beyond onbox', ({ name }) => {
    expect(runNodeTest(join(folder, name))).toBeDefined();
  });
}
