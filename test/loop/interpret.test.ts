// The interpreter on small programs whose results are known by hand.

import { allocate, type Dtype, elementCount, type Shape, type Tensor, tensorOf } from '../../runtime/core/tensor.js';
import { add, constant, offset, scale, variable } from '../../runtime/loop/affine.js';
import { call, cast, guard, load, measured, number } from '../../runtime/loop/expression.js';
import { interpret, runProgram } from '../../runtime/loop/interpret.js';
import type { Buffer, Loop, Program, Role, Statement } from '../../runtime/loop/program.js';

function buffer(role: Role, name: string, shape: Shape, dtype: Dtype = 'f32'): Buffer {
  return { role, name, shape, dtype };
}

function loop(name: string, extent: number, body: readonly Statement[], axis: Loop['axis'] = 'space'): Loop {
  return { kind: 'for', name, extent, axis, mode: 'serial', body };
}

function count(shape: Shape, start = 0): Tensor {
  return tensorOf(
    'f32',
    shape,
    [...new Array(elementCount(shape)).keys()].map((i) => i + start),
  );
}

function values(outputs: ReadonlyMap<string, Tensor>, name = 'y'): number[] {
  return Array.from(outputs.get(name)?.data ?? [], Number);
}

/** A program of one loop that stores an expression of element i of `x`. */
function elementwise(dtype: Dtype, extent: number, value: Parameters<typeof cast>[0]): Program {
  const i = variable('i', extent);
  return {
    buffers: [buffer('input', 'x', [extent], dtype), buffer('output', 'y', [extent], value.dtype)],
    packings: [],
    body: [loop('i', extent, [{ kind: 'store', buffer: 'y', index: [i], value }])],
  };
}

test('a matrix product folds its terms into a local', () => {
  const [i, j, k] = [variable('i', 2), variable('j', 3), variable('k', 4)];
  const program: Program = {
    buffers: [buffer('input', 'a', [2, 4]), buffer('constant', 'b', [4, 3]), buffer('output', 'y', [2, 3])],
    packings: [],
    body: [
      loop('i', 2, [
        { kind: 'local', buffer: buffer('local', 'sum', [3]) },
        loop('j', 3, [
          { kind: 'store', buffer: 'sum', index: [j], value: number(0) },
          loop(
            'k',
            4,
            [
              {
                kind: 'store',
                buffer: 'sum',
                index: [j],
                value: call('mul', load('a', 'f32', [i, k]), load('b', 'f32', [k, j])),
                combine: 'add',
              },
            ],
            'reduce',
          ),
          { kind: 'store', buffer: 'y', index: [i, j], value: load('sum', 'f32', [j]) },
        ]),
      ]),
    ],
  };
  const outputs = runProgram(
    program,
    new Map([
      ['a', count([2, 4])],
      ['b', count([4, 3])],
    ]),
  );
  expect(values(outputs)).toEqual([42, 48, 54, 114, 136, 158]);
});

test('a padded convolution reads only inside its input', () => {
  const [i, r] = [variable('i', 4), variable('r', 3)];
  const at = offset(add(i, r), -1);
  const inside = guard([{ index: at, low: 0, high: 4 }], load('x', 'f32', [at]), number(0));
  const program: Program = {
    buffers: [buffer('input', 'x', [4]), buffer('constant', 'w', [3]), buffer('output', 'y', [4])],
    packings: [],
    body: [
      loop('i', 4, [
        { kind: 'store', buffer: 'y', index: [i], value: number(0) },
        loop(
          'r',
          3,
          [{ kind: 'store', buffer: 'y', index: [i], value: call('mul', inside, load('w', 'f32', [r])), combine: 'add' }],
          'reduce',
        ),
      ]),
    ],
  };
  const outputs = runProgram(
    program,
    new Map([
      ['x', tensorOf('f32', [4], [1, 2, 3, 4])],
      ['w', tensorOf('f32', [3], [10, 1, 100])],
    ]),
  );
  expect(values(outputs)).toEqual([201, 312, 423, 34]);
});

test('a packed buffer is computed before the body reads it', () => {
  const [o, i] = [variable('o', 2), variable('i', 4)];
  const from = add(scale(o, 4), i);
  const program: Program = {
    buffers: [buffer('constant', 'w', [6]), buffer('packed', 'p', [2, 4]), buffer('output', 'y', [2, 4])],
    packings: [
      {
        buffer: 'p',
        loops: [
          { name: 'o', extent: 2 },
          { name: 'i', extent: 4 },
        ],
        value: guard([{ index: from, low: 0, high: 6 }], load('w', 'f32', [from]), number(0)),
      },
    ],
    body: [loop('o', 2, [loop('i', 4, [{ kind: 'store', buffer: 'y', index: [o, i], value: load('p', 'f32', [o, i]) }])])],
  };
  expect(values(runProgram(program, new Map([['w', count([6], 1)]])))).toEqual([1, 2, 3, 4, 5, 6, 0, 0]);
});

test('floats are rounded to their dtype after every operation', () => {
  const x = load('x', 'f32', [variable('i', 2)]);
  const program = elementwise('f32', 2, call('sub', call('add', x, number(2 ** 24)), number(2 ** 24)));
  expect(values(runProgram(program, new Map([['x', tensorOf('f32', [2], [1, 3])]])))).toEqual([0, 4]);
});

test('integers wrap, and division by zero gives zero', () => {
  const x = load('x', 'u8', [variable('i', 3)]);
  const program = elementwise('u8', 3, call('add', call('mul', x, x), call('div', number(7, 'u8'), x)));
  expect(values(runProgram(program, new Map([['x', tensorOf('u8', [3], [0, 2, 17])]])))).toEqual([0, 7, 33]);
});

test('64-bit integers keep their last bits', () => {
  const x = load('x', 'i64', [variable('i', 1)]);
  const program = elementwise('i64', 1, call('mul', x, number(3, 'i64')));
  const outputs = runProgram(program, new Map([['x', { dtype: 'i64', shape: [1], data: BigInt64Array.of(2n ** 60n + 1n) }]]));
  expect(outputs.get('y')?.data[0]).toBe(3n * (2n ** 60n + 1n));
});

test('casts cut floats towards zero and stop at the limits', () => {
  const x = load('x', 'f32', [variable('i', 4)]);
  const given = new Map([['x', tensorOf('f32', [4], [-1.9, 300, Number.NaN, 3.7])]]);
  expect(values(runProgram(elementwise('f32', 4, cast(x, 'i8')), given))).toEqual([-1, 127, 0, 3]);
  expect(values(runProgram(elementwise('f32', 4, cast(x, 'bool')), given))).toEqual([1, 1, 1, 1]);
});

test('comparisons give 0 and 1, and select takes its side by them', () => {
  const x = load('x', 'f32', [variable('i', 3)]);
  const program = elementwise('f32', 3, call('select', call('less', x, number(0)), number(-1), x));
  expect(values(runProgram(program, new Map([['x', tensorOf('f32', [3], [-5, 0, 5])]])))).toEqual([-1, 0, 5]);
});

test('a measured index is clamped to its limits', () => {
  const i = variable('i', 3);
  const program: Program = {
    buffers: [buffer('input', 'x', [2]), buffer('input', 'at', [3], 'i64'), buffer('output', 'y', [3])],
    packings: [],
    body: [
      loop('i', 3, [
        { kind: 'store', buffer: 'y', index: [i], value: load('x', 'f32', [measured(load('at', 'i64', [i]), 0, 1)]) },
      ]),
    ],
  };
  const inputs = new Map([
    ['x', tensorOf('f32', [2], [10, 20])],
    ['at', tensorOf('i64', [3], [-9, 1, 9])],
  ]);
  expect(values(runProgram(program, inputs))).toEqual([10, 20, 20]);
});

test('a local forgets what it held in the iteration before', () => {
  const i = variable('i', 2);
  const program: Program = {
    buffers: [buffer('output', 'y', [2])],
    packings: [],
    body: [
      loop('i', 2, [
        { kind: 'local', buffer: buffer('local', 'a', []) },
        { kind: 'store', buffer: 'y', index: [i], value: load('a', 'f32', []) },
        { kind: 'store', buffer: 'a', index: [], value: number(1) },
      ]),
    ],
  };
  expect(values(runProgram(program, new Map()))).toEqual([Number.NaN, Number.NaN]);
});

test('half floats are stored as bits', () => {
  const x = load('x', 'f16', [variable('i', 1)]);
  const program = elementwise('f16', 1, call('add', x, number(1, 'f16')));
  const outputs = runProgram(program, new Map([['x', { dtype: 'f16', shape: [1], data: Uint16Array.of(0x3c00) }]]));
  expect(values(outputs)).toEqual([0x4000]);
});

test('an index outside its buffer is named', () => {
  const program = elementwise('f32', 2, load('x', 'f32', [offset(variable('i', 2), 1)]));
  expect(() => runProgram(program, new Map([['x', count([2])]]))).toThrow('x: index i + 1 is 2, its axis has 2 elements');
});

test('buffers of another type than declared are refused', () => {
  const program = elementwise('f32', 2, load('x', 'f32', [variable('i', 2)]));
  const wrong = { dtype: 'f32', shape: [3], data: allocate('f32', 3) } as const;
  expect(() => interpret(program, new Map([['x', wrong]]))).toThrow('input x is f32[2], given f32[3]');
  expect(() => interpret(program, new Map())).toThrow('input x is not given');
});

test('a loop of one iteration is the constant 0', () => {
  const program = elementwise('f32', 1, load('x', 'f32', [constant(0)]));
  expect(values(runProgram(program, new Map([['x', count([1], 7)]])))).toEqual([7]);
});
