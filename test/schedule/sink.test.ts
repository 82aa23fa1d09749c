// Sink in text form: how register tiles come about.

import { after, dedent, reason } from './text.js';

const addOne = `
  input x f32[10]
  output y f32[10]
  for i in 0..10
    y[i] = x[i] + 1`;

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

test('sink takes a loop through the reduction in its body, and the accumulator gets an axis', () => {
  expect(after(matmul, [{ step: 'sink', loop: 'w' }])).toBe(dedent`
    for h in 0..4
      local a f32[6]
      for w in 0..6
        a[w] = 0
      for c in 0..8 [reduce]
        for w in 0..6
          a[w] += x[h, c] * k[c, w]
      for w in 0..6
        y[h, w] = max(0, a[w])
  `);
});

test('sink of two loops makes a tile of accumulators', () => {
  expect(
    after(matmul, [
      { step: 'sink', loop: 'h' },
      { step: 'sink', loop: 'w' },
    ]),
  ).toBe(dedent`
    local a f32[4,6]
    for h in 0..4
      for w in 0..6
        a[h, w] = 0
    for c in 0..8 [reduce]
      for h in 0..4
        for w in 0..6
          a[h, w] += x[h, c] * k[c, w]
    for h in 0..4
      for w in 0..6
        y[h, w] = max(0, a[h, w])
  `);
});

test('a main part and its tail that come to stand side by side keep accumulators of their own', () => {
  expect(
    after(matmul, [
      { step: 'cut', loop: 'w', at: 4 },
      { step: 'sink', loop: 'w' },
    ]),
  ).toBe(dedent`
    for h in 0..4
      local a f32[4]
      for w in 0..4
        a[w] = 0
      for c in 0..8 [reduce]
        for w in 0..4
          a[w] += x[h, c] * k[c, w]
      for w in 0..4
        y[h, w] = max(0, a[w])
      local ab f32[2]
      for w in 0..2
        ab[w] = 0
      for c in 0..8 [reduce]
        for w in 0..2
          ab[w] += x[h, c] * k[c, w + 4]
      for w in 0..2
        y[h, w + 4] = max(0, ab[w])
  `);
});

test('sink takes a guard that depends on the loop along', () => {
  expect(
    after(matmul, [
      { step: 'split', loop: 'w', factor: 4, outer: 'wo', inner: 'wi' },
      { step: 'sink', loop: 'wi' },
    ]),
  ).toBe(dedent`
    for h in 0..4
      for wo in 0..2
        local a f32[4]
        for wi in 0..4
          if 0 <= wi + wo * 4 < 6
            a[wi] = 0
        for c in 0..8 [reduce]
          for wi in 0..4
            if 0 <= wi + wo * 4 < 6
              a[wi] += x[h, c] * k[c, wi + wo * 4]
        for wi in 0..4
          if 0 <= wi + wo * 4 < 6
            y[h, wi + wo * 4] = max(0, a[wi])
  `);
});

test.each([
  { want: 'i stands directly around stores already', program: addOne, steps: [{ step: 'sink', loop: 'i' }] },
  { want: 'c is a reduction and cannot sink', program: matmul, steps: [{ step: 'sink', loop: 'c' }] },
  {
    want: 'w is unroll and cannot sink',
    program: matmul,
    steps: [
      { step: 'unroll', loop: 'w' },
      { step: 'sink', loop: 'w' },
    ],
  },
  { want: 'there is no loop q', program: matmul, steps: [{ step: 'sink', loop: 'q' }] },
] as const)('illegal: $want', ({ want, program, steps }) => {
  expect(reason(program, steps)).toBe(want);
});

test('what a place is measured by moves along with the loop', () => {
  const pick = `
  input x f32[2]
  input k i32[2,5]
  output y f32[5]
  for w in 0..5
    local a i32[]
    a[] = 0:i32
    for c in 0..2 [reduce]
      a[] max= k[c, w]
    y[w] = x[clamp(a[], 0, 1)]`;
  expect(after(pick, [{ step: 'sink', loop: 'w' }])).toBe(dedent`
    local a i32[5]
    for w in 0..5
      a[w] = 0:i32
    for c in 0..2 [reduce]
      for w in 0..5
        a[w] max= k[c, w]
    for w in 0..5
      y[w] = x[clamp(a[w], 0, 1)]
  `);
});
