// Pack in text form.

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

test('pack stores a constant in the order of the loops', () => {
  expect(after(matmul, [{ step: 'pack', buffer: 'k', loops: ['w', 'c'] }])).toBe(dedent`
    packed kp f32[6,8] for w, c = k[c, w]
    for h in 0..4
      for w in 0..6
        local a f32[]
        a[] = 0
        for c in 0..8 [reduce]
          a[] += x[h, c] * kp[w, c]
        y[h, w] = max(0, a[])
  `);
});

test('pack fills with zeros where a tile runs past the end, and the kernel reads on without a guard of its own', () => {
  expect(
    after(matmul, [
      { step: 'split', loop: 'w', factor: 4, outer: 'wo', inner: 'wi' },
      { step: 'pack', buffer: 'k', loops: ['wo', 'c', 'wi'] },
    ]),
  ).toBe(dedent`
    packed kp f32[2,8,4] for wo, c, wi = {0 <= wi + wo * 4 < 6 ? k[c, wi + wo * 4] : 0}
    for h in 0..4
      for wo in 0..2
        for wi in 0..4
          if 0 <= wi + wo * 4 < 6
            local a f32[]
            a[] = 0
            for c in 0..8 [reduce]
              a[] += x[h, c] * kp[wo, c, wi]
            y[h, wi + wo * 4] = max(0, a[])
  `);
});

test.each([
  { want: 'x is no constant', program: matmul, steps: [{ step: 'pack', buffer: 'x', loops: ['h', 'c'] }] },
  { want: 'k depends on loop c, which pack leaves out', program: matmul, steps: [{ step: 'pack', buffer: 'k', loops: ['w'] }] },
  { want: 'there is no loop q', program: matmul, steps: [{ step: 'pack', buffer: 'k', loops: ['w', 'c', 'q'] }] },
  {
    want: 'k is read in 2 different ways',
    program: matmul,
    steps: [
      { step: 'cut', loop: 'w', at: 4 },
      { step: 'pack', buffer: 'k', loops: ['w', 'c'] },
    ],
  },
  {
    want: 'k is not read',
    program: matmul,
    steps: [
      { step: 'pack', buffer: 'k', loops: ['w', 'c'] },
      { step: 'pack', buffer: 'k', loops: ['w', 'c'] },
    ],
  },
  { want: 'pack of k names a loop twice', program: matmul, steps: [{ step: 'pack', buffer: 'k', loops: ['w', 'w', 'c'] }] },
] as const)('illegal: $want', ({ want, program, steps }) => {
  expect(reason(program, steps)).toBe(want);
});
