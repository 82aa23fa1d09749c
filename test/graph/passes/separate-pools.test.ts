// Large pools as two along one axis each.

import { separatePools } from '../../../runtime/graph/passes/separate-pools.js';
import { after, expectUnchanged } from './equivalence.js';

test('a window of 5x5 becomes 1x5 and 5x1', () => {
  const text = after(
    separatePools,
    `
    input x: f32[1,2,7,9]
    y: f32[1,2,7,9] = max-pool(x) {ceilMode: false, dilations: [1, 1], kernel: [5, 5], pads: [2, 2, 2, 2], strides: [1, 1]}
    output y = y
  `,
  );
  const lines = text.split('\n').filter((line) => line.includes('max-pool'));
  expect(lines).toHaveLength(2);
  expect(lines[0]).toContain('kernel: [1, 5], pads: [0, 2, 0, 2]');
  expect(lines[1]).toContain('kernel: [5, 1], pads: [2, 0, 2, 0]');
});

test('strides, dilations, uneven pads and windows past the end stay with their axis', () => {
  const text = after(
    separatePools,
    `
    input x: f32[2,3,13,12]
    y: f32[2,3,6,4] = max-pool(x) {ceilMode: true, dilations: [1, 2], kernel: [4, 4], pads: [1, 2, 0, 1], strides: [2, 3]}
    output y = y
  `,
  );
  expect(text.match(/max-pool/g)).toHaveLength(2);
});

test.each([
  ['3x3', '[3, 3]', '[1, 1, 1, 1]', 8],
  ['1x9', '[1, 9]', '[0, 4, 0, 4]', 8],
])('%s stays as it is', (_, kernel, pads, width) => {
  expectUnchanged(
    separatePools,
    `
    input x: f32[1,2,8,8]
    y: f32[1,2,8,${width}] = max-pool(x) {ceilMode: false, dilations: [1, 1], kernel: ${kernel}, pads: ${pads}, strides: [1, 1]}
    output y = y
  `,
  );
});
