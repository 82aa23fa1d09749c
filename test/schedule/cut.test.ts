// Cut in text form: guards that are decided once.

import { after, dedent, reason } from './text.js';

const addOne = `
  input x f32[10]
  output y f32[10]
  for i in 0..10
    y[i] = x[i] + 1`;

const padded = `
  input x f32[10]
  output y f32[10]
  for i in 0..10
    local a f32[]
    a[] = 0
    for r in 0..3 [reduce]
      a[] += {0 <= i + r - 1 < 10 ? x[i + r - 1] : 0}
    y[i] = a[]`;

test('cut removes the guard of whole tiles and shortens the tail', () => {
  expect(
    after(addOne, [
      { step: 'split', loop: 'i', factor: 4, outer: 'io', inner: 'ii' },
      { step: 'cut', loop: 'io', at: 2 },
    ]),
  ).toBe(dedent`
    for io in 0..2
      for ii in 0..4
        y[ii + io * 4] = x[ii + io * 4] + 1
    for ii in 0..2
      y[ii + 8] = x[ii + 8] + 1
  `);
});

test('cut at the padding: the guard stays where the padding is, and each part keeps the locals that it declares', () => {
  expect(after(padded, [{ step: 'cut', loop: 'i', at: 1 }])).toBe(dedent`
    for i in 0..1
      local a f32[]
      a[] = 0
      for r in 0..3 [reduce]
        if 0 <= r - 1 < 10
          a[] += x[r - 1]
      y[0] = a[]
    for i in 0..9
      local a f32[]
      a[] = 0
      for r in 0..3 [reduce]
        if 0 <= i + r < 10
          a[] += x[i + r]
      y[i + 1] = a[]
  `);
});

test('a part of one iteration is written without its loop', () => {
  expect(after(addOne, [{ step: 'cut', loop: 'i', at: 9 }])).toBe(dedent`
    for i in 0..9
      y[i] = x[i] + 1
    y[9] = x[9] + 1
  `);
});

test.each([
  { want: 'cut wants 0 < at < 10 for i, got 0', program: addOne, steps: [{ step: 'cut', loop: 'i', at: 0 }] },
  { want: 'cut wants 0 < at < 10 for i, got 10', program: addOne, steps: [{ step: 'cut', loop: 'i', at: 10 }] },
  { want: 'cut wants 0 < at < 10 for i, got 2.5', program: addOne, steps: [{ step: 'cut', loop: 'i', at: 2.5 }] },
  { want: 'there is no loop q', program: addOne, steps: [{ step: 'cut', loop: 'q', at: 1 }] },
] as const)('illegal: $want', ({ want, program, steps }) => {
  expect(reason(program, steps)).toBe(want);
});
