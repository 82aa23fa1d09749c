// Rfactor in text form.

import { after, dedent, reason } from './text.js';

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

const sum = `
  input x f32[64]
  output y f32[1]
  local a f32[]
  a[] = 0
  for k in 0..64 [reduce]
    a[] += x[k]
  y[0] = a[]`;

test('rfactor gives every lane an accumulator, and folds them at the end', () => {
  expect(
    after(sum, [
      { step: 'split', loop: 'k', factor: 16, outer: 'ko', inner: 'ki' },
      { step: 'rfactor', loop: 'ki' },
      { step: 'vectorize', loop: 'ki' },
    ]),
  ).toBe(dedent`
    local a f32[]
    a[] = 0
    local f1 f32[16]
    for ki in 0..16 [vector]
      f1[ki] = 0
    for ko in 0..4 [reduce]
      for ki in 0..16 [vector]
        f1[ki] += x[ki + ko * 16]
    for kir in 0..16 [reduce]
      a[] += f1[kir]
    y[0] = a[]
  `);
});

test.each([
  { want: 'there is no reduction over q', program: sum, steps: [{ step: 'rfactor', loop: 'q' }] },
  { want: 'there is no reduction over w', program: matmul, steps: [{ step: 'rfactor', loop: 'w' }] },
  {
    want: 'the reduction over c folds into an array: rfactor before sink',
    program: matmul,
    steps: [
      { step: 'sink', loop: 'w' },
      { step: 'rfactor', loop: 'c' },
    ],
  },
] as const)('illegal: $want', ({ want, program, steps }) => {
  expect(reason(program, steps)).toBe(want);
});
