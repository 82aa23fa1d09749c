// What verification refuses in a program, each fault by its message.

import { call, load, number } from '../../runtime/loop/expression.js';
import { parseProgram } from '../../runtime/loop/parse.js';
import { printProgram } from '../../runtime/loop/print.js';
import type { Program } from '../../runtime/loop/program.js';
import { verifyProgram } from '../../runtime/loop/verify.js';

function verify(text: string): Program {
  return verifyProgram(parseProgram(text));
}

test('a valid program is returned as it is', () => {
  const program = parseProgram(`
    input x f32[10,9]
    input at i64[4]
    constant w f32[10]
    output y f32[10]
    packed wp f32[2,8] for o, i = {0 <= o * 8 + i < 10 ? w[o * 8 + i] : 0}
    for io in 0..2 [parallel]
      local a f32[8]
      for ii in 0..8 [vector]
        a[ii] = 0
      for k in 0..3 [reduce, unroll]
        for ii in 0..8 [vector]
          if 0 <= io * 8 + ii < 10
            a[ii] += {0 <= (io * 8 + ii) * 2 + k - 1 < 9 ? x[io * 8 + ii, (io * 8 + ii) * 2 + k - 1] : 0} * wp[io, ii]
      for ii in 0..8
        if 0 <= io * 8 + ii < 10
          y[io * 8 + ii] = max(a[ii], x[0, clamp(at[ii / 2], 0, 8)])`);
  expect(verifyProgram(program)).toBe(program);
});

test.each([
  ['a third of a guarded sum', 'if 0 <= i + j < 12', '(i + j) / 3'],
  ['the double of a guarded sum', 'if 0 <= i + j < 2', 'i * 2 + j * 2 + 1'],
  ['the rest to the next guard', 'if 0 <= i < 2 and 0 <= j < 3', 'i + j'],
  ['a mirrored index', 'if 0 <= i + j < 4', '3 - i - j'],
  ['a remainder within one block', 'if 8 <= i + j < 12', '(i + j) % 8'],
  ['nothing, where conditions contradict each other', 'if 0 <= i < 2 and 5 <= i < 7', 'i + 100'],
])('conditions prove the index of %s', (_, branch, index) => {
  const text = `output y f32[4]\nfor i in 0..8\n  for j in 0..8\n    ${branch}\n      y[${index}] = 0`;
  expect(() => verify(text)).not.toThrow();
  expect(() => verify(text.replace(/if .*/, 'if 0 <= i + j < 14'))).toThrow('its axis has 4 elements');
});

const buffers = 'input x f32[4]\ninput n i64[4]\nconstant w f32[4]\noutput y f32[4]\n';

test.each([
  ['a buffer declared twice', 'input x f32[4]', 'x is declared twice'],
  ['a local that hides a buffer', 'local x f32[4]', 'x is declared twice\nlocal x f32[4]'],
  ['an axis without elements', 'local a f32[4,0]', 'a has the extents 4,0'],
  ['a packed buffer without its loops', 'packed p f32[4] = w[0]', 'p is f32[4], its packing f32[]'],
  ['a packing that reads an input', 'packed p f32[4] for i = x[i]', 'there is no buffer x'],
  ['a packing that reads past its constant', 'packed p f32[8] for i = w[i]', 'w: index i is 0 to 7, its axis has 4 elements'],
  ['a rank that differs', 'y[0, 0] = 0', 'y has rank 1, its index 2\ny[0, 0] = 0'],
  ['a store outside', 'for i in 0..5\n  y[i] = 0', 'y: index i is 0 to 4, its axis has 4 elements\ny[i] = 0'],
  ['a load outside', 'for i in 0..4\n  y[i] = x[i - 1]', 'x: index i - 1 is -1 to 2, its axis has 4 elements'],
  ['a guard that is too weak', 'for i in 0..4\n  y[i] = {0 <= i - 1 < 9 ? x[i + 1] : 0}', 'x: index i + 1 is 2 to 4'],
  ['the side without the guard', 'for i in 0..4\n  y[i] = {0 <= i - 1 < 4 ? 0 : x[i - 1]}', 'x: index i - 1 is -1 to 2'],
  ['a measured index outside', 'y[0] = x[clamp(n[0], 0, 4)]', 'its axis has 4 elements'],
  ['an index measured outside', 'y[0] = x[clamp(n[9], 0, 3)]', 'n: index 9 is 9 to 9'],
  ['an index of floats', 'y[0] = x[clamp(x[0], 0, 3)]', 'an index from f32 between 0 and 3'],
  ['loops of one name', 'for i in 0..2\n  for i in 0..2\n    y[i] = 0', 'loop i stands inside another loop i\nfor i in 0..2'],
  ['a loop without iterations', 'for i in 0..0\n  y[0] = 0', 'loop i has the extent 0'],
  ['a parallel reduction', 'y[0] = 0\nfor i in 0..2 [reduce, parallel]\n  y[0] += 1', 'reduction i cannot be parallel'],
  ['a vector reduction', 'y[0] = 0\nfor i in 0..2 [reduce, vector]\n  y[0] += 1', 'reduction i cannot be vector'],
  [
    'a parallel loop in one',
    'for i in 0..2 [parallel]\n  for j in 0..2 [parallel]\n    y[j] = 0',
    'i has a parallel loop inside',
  ],
  [
    'parallel under a vector',
    'for i in 0..2 [unroll]\n  for j in 0..2 [parallel]\n    y[j] = 0',
    'i is unroll and has a parallel loop',
  ],
  [
    'a local beside',
    'for i in 0..2\n  local a f32[]\n  for j in 0..2 [parallel]\n    y[j] = 0',
    'a is declared beside a parallel loop in i',
  ],
  [
    'parallel loops of two lengths',
    'for i in 0..2\n  for k in 0..2\n    for j in 0..2 [parallel]\n      y[j] = 0\n  for j in 0..3 [parallel]\n    y[j] = 0',
    'the parallel loops in i do not go together',
  ],
  [
    'a condition around',
    'for i in 0..2\n  if 0 <= i < 1\n    for j in 0..2 [parallel]\n      y[j] = 0',
    'a condition stands around',
  ],
  ['a store to an input', 'x[0] = 0', 'a store to input x'],
  ['a store to a constant', 'w[0] = 0', 'a store to constant w'],
  ['a local read too early', 'local a f32[4]\ny[0] = a[0]', 'a is read before it is stored to'],
  ['a sum without a start', 'y[0] += 1', 'y is combined with before it is stored to'],
  ['a local outside its block', 'for i in 0..2\n  local a f32[]\n  a[] = 0\na[] = 1', 'there is no buffer a'],
  ['a value of another dtype', 'y[0] = n[0]', 'a value of i64 is stored to y, f32[4]'],
  ['arguments of two dtypes', 'y[0] = x[0] + 1:i64', '1:i64 of i64 in x[0] + 1:i64 of f32'],
  ['sides of two dtypes', 'y[0] = {0 <= 1 < 2 ? x[0] : n[0]}', 'n[0] of i64 in'],
  ['too few arguments', 'y[0] = max(x[0])', 'max takes 2 arguments, not 1'],
])('%s is refused', (_, body, message) => {
  expect(() => verify(buffers + body)).toThrow(message);
});

test('what the text form cannot say is refused too', () => {
  const { buffers: declared } = parseProgram(buffers);
  const storing = (value: Parameters<typeof call>[1]): Program => ({
    buffers: declared,
    packings: [],
    body: [{ kind: 'store', buffer: 'y', index: [{ constant: 0, terms: [] }], value }],
  });
  const first = [{ constant: 0, terms: [] }];
  expect(() => verifyProgram(storing(load('n', 'f32', first)))).toThrow('a load of f32 from n, i64[4]');
  const less = { ...call('less', number(0), number(1)), dtype: 'f32' } as const;
  expect(() => verifyProgram(storing(less))).toThrow('less(0, 1) is bool, not f32');
  const stray = { atom: { kind: 'variable', name: 'i', extent: 4 }, coefficient: 1 } as const;
  expect(() => verifyProgram(storing(load('x', 'f32', [{ constant: 0, terms: [stray] }])))).toThrow('there is no loop i');
  const program = parseProgram(`${buffers}for i in 0..2\n  y[i] = 0`);
  const widened = { ...program, body: program.body.map((loop) => ({ ...loop, extent: 3 })) } as Program;
  expect(() => verifyProgram(widened)).toThrow('loop i has 3 iterations, its variable 2');
  const unnamed = parseProgram(printProgram(program));
  const strange = { ...unnamed, buffers: unnamed.buffers.map((buffer) => ({ ...buffer, name: `${buffer.name}; exit` })) };
  expect(() => verifyProgram(strange)).toThrow('"x; exit" is no name');
  const packless = { ...program, buffers: [...declared, { name: 'p', role: 'packed', dtype: 'f32', shape: [] } as const] };
  expect(() => verifyProgram(packless)).toThrow('packed p with the wrong packing');
});
