// Binding loops to work-items in text form.

import { after, dedent, reason } from './text.js';

const grid = `
  input x f32[6,4]
  output y f32[6,5]
  for h in 0..6
    y[h, 4] = 0
    for w in 0..4
      y[h, w] = x[h, w] + 1`;

const sum = `
  input x f32[6,4]
  output y f32[6]
  for h in 0..6
    local a f32[]
    a[] = 0
    for w in 0..4 [reduce]
      a[] += x[h, w]
    y[h] = a[]`;

const overlapping = `
  input x f32[6,4]
  output y f32[6,4]
  for h in 0..6
    y[h, 0] = 7
    for w in 0..4
      y[h, w] = x[h, w]`;

const read = `
  input x f32[4]
  output y f32[4]
  output z f32[4]
  for w in 0..4
    y[w] = x[w]
    z[w] = y[w]`;

const twice = `
  output y f32[4,4,4]
  for a in 0..4
    for b in 0..4
      for c in 0..4
        y[a, b, c] = 1`;

test('a bound loop is noted with its dimension and group, and the note is read back', () => {
  expect(
    after(grid, [
      { step: 'bind', loop: 'h', dimension: 1, group: 2 },
      { step: 'bind', loop: 'w', dimension: 0, group: 4 },
    ]),
  ).toBe(dedent`
    for h in 0..6 [item 1 of 2]
      y[h, 4] = 0
      for w in 0..4 [item 0 of 4]
        y[h, w] = x[h, w] + 1
  `);
});

test('a last piece beside a loop over rows and columns is apart by its place in memory', () => {
  const text = `
    input x f32[2,3,3]
    output y f32[2,3,3]
    for c in 0..2
      for p in 0..2
        for q in 0..4
          y[c, (q + p * 4) / 3, (q + p * 4) % 3] = x[c, (q + p * 4) / 3, (q + p * 4) % 3]
      y[c, 2, 2] = x[c, 2, 2]`;
  expect(reason(text, [{ step: 'bind', loop: 'p', dimension: 0, group: 2 }])).toBe('');
});

const bind = (loop: string, dimension: 0 | 1 | 2, group = 4) => ({ step: 'bind', loop, dimension, group }) as const;

test.each([
  { want: 'w is a reduction and cannot be bound', program: sum, steps: [bind('w', 0)] },
  { want: 'h is item already', program: sum, steps: [bind('h', 0), bind('h', 1)] },
  { want: 'two statements may write one element of y', program: overlapping, steps: [bind('w', 0)] },
  { want: 'y is read and written', program: read, steps: [bind('w', 0)] },
  { want: 'a is bound to dimension 0 already', program: twice, steps: [bind('a', 0), bind('b', 0)] },
  { want: 'b is bound to dimension 0 already', program: twice, steps: [bind('b', 0), bind('a', 0)] },
  { want: 'bind wants a positive whole group, got 0', program: twice, steps: [bind('a', 0, 0)] },
  { want: 'a grid has no dimension 3', program: twice, steps: [bind('a', 3 as 0)] },
  { want: 'there is no loop q', program: twice, steps: [bind('q', 0)] },
])('illegal: $want', ({ want, program, steps }) => {
  expect(reason(program, steps)).toBe(want);
});
