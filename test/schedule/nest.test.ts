// Split, fuse and reorder in text form.

import { after, dedent, reason } from './text.js';

const addOne = `
  input x f32[10]
  output y f32[10]
  for i in 0..10
    y[i] = x[i] + 1`;

const grid = `
  input x f32[6,4]
  output y f32[6,4]
  for h in 0..6
    for w in 0..4
      y[h, w] = x[h, w] + 1`;

const matmul = `
  input x f32[4,8]
  constant k f32[8,6]
  output y f32[4,6]
  for h in 0..4
    for w in 0..6
      local a f32[]
      a[] = 0
      for c in 0..8 [reduce]
        a[] += x[h, c] * k[c, w]
      y[h, w] = max(0, a[])`;

test('split writes a loop as two, and guards the tail when the factor does not divide the extent', () => {
  expect(after(addOne, [{ step: 'split', loop: 'i', factor: 8, outer: 'io', inner: 'ii' }])).toBe(dedent`
    for io in 0..2
      for ii in 0..8
        if 0 <= ii + io * 8 < 10
          y[ii + io * 8] = x[ii + io * 8] + 1
  `);
});

test('split by a factor that divides needs no guard', () => {
  expect(after(addOne, [{ step: 'split', loop: 'i', factor: 5, outer: 'io', inner: 'ii' }])).toBe(dedent`
    for io in 0..2
      for ii in 0..5
        y[ii + io * 5] = x[ii + io * 5] + 1
  `);
});

test('split by at least the extent leaves one loop', () => {
  expect(after(addOne, [{ step: 'split', loop: 'i', factor: 16, outer: 'io', inner: 'ii' }])).toBe(dedent`
    for ii in 0..10
      y[ii] = x[ii] + 1
  `);
});

test('fuse makes one loop of two, whose indices come back where they are row-major', () => {
  expect(after(grid, [{ step: 'fuse', outer: 'h', inner: 'w', name: 'p' }])).toBe(dedent`
    for p in 0..24
      y[(p) / 4, (p) % 4] = x[(p) / 4, (p) % 4] + 1
  `);
});

test('split and fuse cancel each other', () => {
  expect(
    after(addOne, [
      { step: 'split', loop: 'i', factor: 5, outer: 'io', inner: 'ii' },
      { step: 'fuse', outer: 'io', inner: 'ii', name: 'p' },
    ]),
  ).toBe(dedent`
    for p in 0..10
      y[p] = x[p] + 1
  `);
});

test('reorder moves the conditions between the loops inside', () => {
  expect(
    after(addOne, [
      { step: 'split', loop: 'i', factor: 8, outer: 'io', inner: 'ii' },
      { step: 'reorder', loops: ['ii', 'io'] },
    ]),
  ).toBe(dedent`
    for ii in 0..8
      for io in 0..2
        if 0 <= ii + io * 8 < 10
          y[ii + io * 8] = x[ii + io * 8] + 1
  `);
});

test('reorder of some loops leaves the others where they are', () => {
  expect(
    after(grid, [
      { step: 'split', loop: 'h', factor: 3, outer: 'ho', inner: 'hi' },
      { step: 'reorder', loops: ['w', 'ho'] },
    ]),
  ).toBe(dedent`
    for w in 0..4
      for hi in 0..3
        for ho in 0..2
          y[hi + ho * 3, w] = x[hi + ho * 3, w] + 1
  `);
});

test.each([
  {
    want: 'split wants a positive whole factor, got 0',
    program: addOne,
    steps: [{ step: 'split', loop: 'i', factor: 0, outer: 'io', inner: 'ii' }],
  },
  {
    want: 'split wants a positive whole factor, got 1.5',
    program: addOne,
    steps: [{ step: 'split', loop: 'i', factor: 1.5, outer: 'io', inner: 'ii' }],
  },
  { want: 'there is no loop j', program: addOne, steps: [{ step: 'split', loop: 'j', factor: 2, outer: 'jo', inner: 'ji' }] },
  {
    want: 'there is a loop i already',
    program: addOne,
    steps: [{ step: 'split', loop: 'i', factor: 2, outer: 'i', inner: 'ii' }],
  },
  {
    want: 'split of i wants two names, got a twice',
    program: addOne,
    steps: [{ step: 'split', loop: 'i', factor: 2, outer: 'a', inner: 'a' }],
  },
  {
    want: '"I O" is no loop name',
    program: addOne,
    steps: [{ step: 'split', loop: 'i', factor: 2, outer: 'I O', inner: 'ii' }],
  },
  { want: 'c is not all that stands in w', program: matmul, steps: [{ step: 'fuse', outer: 'w', inner: 'c', name: 'p' }] },
  { want: 'there is a loop h already', program: grid, steps: [{ step: 'fuse', outer: 'h', inner: 'w', name: 'h' }] },
  { want: 'reorder wants two or more different loops', program: grid, steps: [{ step: 'reorder', loops: ['h'] }] },
  { want: 'reorder wants two or more different loops', program: grid, steps: [{ step: 'reorder', loops: ['h', 'h'] }] },
  { want: 'there is no loop q in w', program: grid, steps: [{ step: 'reorder', loops: ['w', 'q'] }] },
  { want: 'c and w are not in one perfect nest', program: matmul, steps: [{ step: 'reorder', loops: ['c', 'w'] }] },
] as const)('illegal: $want', ({ want, program, steps }) => {
  expect(reason(program, steps)).toBe(want);
});
