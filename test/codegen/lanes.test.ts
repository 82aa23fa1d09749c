// When neighbouring scalars are read as one vector, and when they must not be.

import { cDialect } from '../../runtime/codegen/c-dialect.js';
import { readByLane } from '../../runtime/codegen/lanes.js';

const neon = cDialect('neon');
const pointers = { isConstant: (pointer: string) => pointer !== 'scratch', isAligned: () => false };

/** Sums of the scalars at `offsets`, one register each. */
function sums(offsets: readonly number[], pointer = 'p1'): string[] {
  return offsets.map((offset, i) => `    a${i} = (a${i} + (ob_splat_v(${pointer}[${offset}]) * w));`);
}

const eight = sums([0, 1, 2, 3, 4, 5, 6, 7]);

test('four neighbours are one vector, read before the first of them is used', () => {
  expect(readByLane(eight, neon, pointers)).toEqual([
    '    const vf lane0 = (vf)*(const vfu *)(p1 + 0);',
    '    a0 = (a0 + (ob_splat_v(lane0[0]) * w));',
    '    a1 = (a1 + (ob_splat_v(lane0[1]) * w));',
    '    a2 = (a2 + (ob_splat_v(lane0[2]) * w));',
    '    a3 = (a3 + (ob_splat_v(lane0[3]) * w));',
    '    const vf lane1 = (vf)*(const vfu *)(p1 + 4);',
    '    a4 = (a4 + (ob_splat_v(lane1[0]) * w));',
    '    a5 = (a5 + (ob_splat_v(lane1[1]) * w));',
    '    a6 = (a6 + (ob_splat_v(lane1[2]) * w));',
    '    a7 = (a7 + (ob_splat_v(lane1[3]) * w));',
  ]);
});

test('nothing beyond the last scalar is read: the last vector begins earlier', () => {
  const lines = readByLane(sums([3, 5, 7, 9, 11, 13, 15, 17]), neon, pointers);
  expect(lines.filter((line) => line.includes('const vf')).map((line) => /\+ (\d+)\)/.exec(line)?.[1])).toEqual([
    '3',
    '7',
    '11',
    '14',
  ]);
  expect(lines.at(-1)).toBe('    a7 = (a7 + (ob_splat_v(lane3[3]) * w));');
});

test('a scalar that no vector covers stays', () => {
  const [first, ...rest] = sums([0, 8, 9, 10, 11, 12, 13, 14, 15]);
  expect(readByLane([first ?? '', ...rest], neon, pointers)[0]).toBe(first);
});

test('groups end where the nesting changes, and names go on', () => {
  const inner = eight.map((line) => `  ${line}`);
  const lines = readByLane([...eight, '    for (;;) {', ...inner, '    }'], neon, pointers);
  expect(lines.filter((line) => line.includes('const vf')).map((line) => /lane\d/.exec(line)?.[0])).toEqual([
    'lane0',
    'lane1',
    'lane2',
    'lane3',
  ]);
});

test.each([
  ['what stands behind a condition', eight.map((line) => line.replace('ob_splat_v(', 'c ? z : ob_splat_v('))],
  ['what may be written meanwhile', sums([0, 1, 2, 3, 4, 5, 6, 7], 'scratch')],
  ['one scalar for all', sums([5, 5, 5, 5, 5, 5, 5, 5])],
  ['scalars that lie apart', sums([0, 8, 16, 24, 32, 40, 48, 56])],
  [
    'too many for the registers',
    Array.from({ length: 4 }, (_, k) => sums(Array.from({ length: 20 }, (_, row) => 4 * row + k))).flat(),
  ],
])('%s stays as it is', (_, lines) => {
  expect(readByLane(lines, neon, pointers)).toEqual(lines);
});
