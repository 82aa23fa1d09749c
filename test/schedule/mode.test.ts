// Vectorize, unroll and parallel in text form.

import { after, dedent, reason } from './text.js';

const grid = `
  input x f32[6,4]
  output y f32[6,4]
  for h in 0..6
    for w in 0..4
      y[h, w] = x[h, w] + 1`;

const sum = `
  input x f32[64]
  output y f32[1]
  local a f32[]
  a[] = 0
  for k in 0..64 [reduce]
    a[] += x[k]
  y[0] = a[]`;

test('modes are notes at the loops', () => {
  expect(
    after(grid, [
      { step: 'parallel', loop: 'h' },
      { step: 'vectorize', loop: 'w' },
    ]),
  ).toBe(dedent`
    for h in 0..6 [parallel]
      for w in 0..4 [vector]
        y[h, w] = x[h, w] + 1
  `);
});

test('a reduction may be unrolled', () => {
  expect(after(sum, [{ step: 'unroll', loop: 'k' }])).toBe(dedent`
    local a f32[]
    a[] = 0
    for k in 0..64 [reduce, unroll]
      a[] += x[k]
    y[0] = a[]
  `);
});

test.each([
  {
    want: 'h has a parallel loop inside',
    program: grid,
    steps: [
      { step: 'parallel', loop: 'h' },
      { step: 'parallel', loop: 'w' },
    ],
  },
  { want: 'h has loops inside and cannot be a vector', program: grid, steps: [{ step: 'vectorize', loop: 'h' }] },
  { want: 'k is a reduction and cannot be vector', program: sum, steps: [{ step: 'vectorize', loop: 'k' }] },
  { want: 'k is a reduction and cannot be parallel', program: sum, steps: [{ step: 'parallel', loop: 'k' }] },
  {
    want: 'w is unroll already',
    program: grid,
    steps: [
      { step: 'unroll', loop: 'w' },
      { step: 'vectorize', loop: 'w' },
    ],
  },
  { want: 'there is no loop q', program: grid, steps: [{ step: 'unroll', loop: 'q' }] },
] as const)('illegal: $want', ({ want, program, steps }) => {
  expect(reason(program, steps)).toBe(want);
});
