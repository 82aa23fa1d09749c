// Packing a constant gives, element by element, what the packing says.

import fc from 'fast-check';
import { tensorOf } from '../../runtime/core/tensor.js';
import { type Affine, add, offset, quotient, remainder, scale, variable } from '../../runtime/loop/affine.js';
import { call, guard, load, number } from '../../runtime/loop/expression.js';
import { pack, packElements } from '../../runtime/loop/pack.js';
import type { Packing } from '../../runtime/loop/program.js';

const extents = [3, 2, 4];
const loops = extents.map((extent, axis) => ({ name: `l${axis}`, extent }));
const source = tensorOf('f32', [400], [...new Array(400).keys()]);
const constants = new Map([['w', source]]);

/** start + a step for each loop, within the 400 elements of the source. */
const indices: fc.Arbitrary<Affine> = fc
  .tuple(...extents.map(() => fc.integer({ min: -20, max: 20 })))
  .map((steps) =>
    steps.reduce(
      (sum, step, axis) => add(sum, scale(variable(`l${axis}`, extents[axis] as number), step)),
      offset({ constant: 0, terms: [] }, 200),
    ),
  );

const conditions = fc.record({
  index: indices,
  low: fc.integer({ min: 100, max: 210 }),
  high: fc.integer({ min: 190, max: 300 }),
});

test('copying row by row gives what evaluating every element gives', () => {
  fc.assert(
    fc.property(indices, fc.array(conditions, { maxLength: 3 }), fc.constantFrom(0, -1), (index, holds, otherwise) => {
      const packing: Packing = { buffer: 'p', loops, value: guard(holds, load('w', 'f32', [index]), number(otherwise)) };
      expect(pack(packing, constants)).toEqual(packElements(packing, constants));
    }),
  );
});

test('a loop in a quotient or a remainder packs in the general way', () => {
  const [a, b] = [variable('l0', 3), variable('l2', 4)];
  const index = add(scale(quotient(b, 3), 100), add(remainder(b, 3), scale(a, 10)));
  const packing: Packing = {
    buffer: 'p',
    loops: [loops[0], loops[2]].flatMap((loop) => loop ?? []),
    value: load('w', 'f32', [index]),
  };
  expect([...pack(packing, constants)]).toEqual([0, 1, 2, 100, 10, 11, 12, 110, 20, 21, 22, 120]);
});

test('sums of constants are packed too', () => {
  const i = variable('i', 2);
  const value = call('add', load('w', 'f32', [i]), load('w', 'f32', [offset(i, 10)]));
  expect([...pack({ buffer: 'p', loops: [{ name: 'i', extent: 2 }], value }, constants)]).toEqual([10, 12]);
});

test('a packing of no loops is one element', () => {
  expect([
    ...pack({ buffer: 'p', loops: [], value: load('w', 'f32', [offset({ constant: 0, terms: [] }, 5)]) }, constants),
  ]).toEqual([5]);
});

test('bytes and 64-bit integers keep their dtype', () => {
  const i = variable('i', 2);
  const packed = (dtype: 'u8' | 'i64') =>
    pack(
      { buffer: 'p', loops: [{ name: 'i', extent: 2 }], value: load('w', dtype, [i]) },
      new Map([['w', tensorOf(dtype, [2], [3, 4])]]),
    );
  expect(packed('u8')).toEqual(Uint8Array.of(3, 4));
  expect(packed('i64')).toEqual(BigInt64Array.of(3n, 4n));
});

test('a packing that reads outside its constant is a bug', () => {
  const packing: Packing = { buffer: 'p', loops, value: load('w', 'f32', [scale(variable('l0', 3), 200)]) };
  expect(() => pack(packing, constants)).toThrow('packing reads element 400 to 400 of 400');
});
