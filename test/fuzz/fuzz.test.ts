// Random small graphs over the operators, evaluated by the reference, by compiled code and by onnxruntime. ONBOX_FUZZ_SEED chooses where
// the seeds begin, ONBOX_FUZZ_COUNT how many graphs are drawn, ONBOX_FUZZ_OPS operators of which each has one:
//
//     ONBOX_FUZZ_SEED=1000 ONBOX_FUZZ_COUNT=5000 npx jest test/fuzz

import { importers } from '../../runtime/onnx/ops/index.js';
import { drawCase, printCase } from './graphs.js';
import { drawers } from './operators.js';
import { judge, openPeer, type Peer } from './ways.js';

const batch = 90;
const first = Number(process.env['ONBOX_FUZZ_SEED'] ?? 1);
const only = process.env['ONBOX_FUZZ_OPS']?.split(',');
const count = Number(process.env['ONBOX_FUZZ_COUNT'] ?? 90);
const timeoutMs = 300_000 + 10_000 * count;

/** Not drawn, with the reason; other tests hold these. */
const undrawn: Readonly<Record<string, readonly string[]>> = {
  'known at import': ['Constant', 'ConstantOfShape', 'EyeLike', 'Range', 'Shape', 'Size'],
  'of older opsets': ['Scatter', 'Upsample'],
  'sums in whole numbers': ['ConvInteger', 'DynamicQuantizeLinear', 'MatMulInteger', 'QLinearConv', 'QLinearMatMul'],
  'as long as the data says': ['Compress', 'NonMaxSuppression', 'NonZero'],
  'of newer opsets': ['RMSNormalization', 'Swish'],
  'drawn among the families of networks': ['SimplifiedLayerNormalization'],
  'onnxruntime lacks it, or its form of that opset': ['GroupNormalization', 'MaxUnpool', 'MeanVarianceNormalization'],
};

test('every operator is drawn, or not for a reason', () => {
  const known = new Set([...Object.keys(drawers), ...Object.values(undrawn).flat()]);
  expect(Object.keys(importers).filter((op) => !known.has(op))).toEqual([]);
});

let peer: Peer;
beforeAll(() => {
  peer = openPeer();
});
afterAll(() => peer.close());

test(
  `graphs of the seeds ${first} to ${first + count - 1} give the same by reference, by compiled code and by onnxruntime`,
  async () => {
    const ops = only ?? Object.keys(drawers);
    const reports: string[] = [];
    let judged = 0;
    for (let start = first; start < first + count; start += batch) {
      const seeds = Array.from({ length: Math.min(batch, first + count - start) }, (_, i) => start + i);
      const result = await judge(
        seeds.map((seed) => drawCase(seed, ops[seed % ops.length])),
        peer,
      );
      judged += result.judged;
      reports.push(...result.found.map((found) => `${found.problem}\n${printCase(found.case)}`));
    }
    expect(reports.join('\n\n')).toBe('');
    expect(judged).toBeGreaterThan(count / 2);
  },
  timeoutMs,
);
