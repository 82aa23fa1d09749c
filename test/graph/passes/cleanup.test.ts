// The passes that only remove: dead nodes, constants that can be folded, moves that cancel, operators that do nothing.

import { dropIdentities } from '../../../runtime/graph/passes/drop-identities.js';
import { foldConstants } from '../../../runtime/graph/passes/fold-constants.js';
import { mergeMoves } from '../../../runtime/graph/passes/merge-moves.js';
import { sweep } from '../../../runtime/graph/passes/sweep.js';
import { after, dedent, expectUnchanged } from './equivalence.js';

test('what no output needs is swept away; inputs stay', () => {
  const text = `
    input x: f32[2]
    input unused: f32[2]
    constant a: f32[] = [1]
    constant b: f32[] = [2]
    t: f32[2] = add(x, a)
    u: f32[2] = relu(t)
    y: f32[2] = add(x, b)
    output y = y
  `;
  expect(after(sweep, text)).toBe(
    dedent(`
    input x: f32[2]
    input unused: f32[2]
    constant b: f32[] = [2]
    y: f32[2] = add(x, b)
    output y = y
  `),
  );
});

test('what depends on constants alone becomes a constant of the same name', () => {
  const text = `
    input x: f32[2]
    constant a: f32[2] = [1, 4]
    t: f32[2] = sqrt(a)
    u: f32[1], v: f32[1] = split(t) {axis: 0, sizes: [1, 1]}
    y: f32[2] = mul(x, v)
    output y = y
  `;
  expect(after(foldConstants, text)).toBe(
    dedent(`
    input x: f32[2]
    constant v: f32[1] = [2]
    y: f32[2] = mul(x, v)
    output y = y
  `),
  );
});

test('operators that change nothing are dropped, an output then is the value before them', () => {
  const text = `
    input x: f32[2,3]
    constant one: f32[3] = [1, 1, 1]
    constant zero: f32[] = [0]
    a: f32[2,3] = reshape(x) {shape: [2, 3]}
    b: f32[2,3] = transpose(a) {permutation: [0, 1]}
    c: f32[2,3] = cast(b) {to: "f32"}
    d: f32[2,3] = slice(c) {sizes: [2, 3], starts: [0, 0], steps: [1, 1]}
    e: f32[2,3] = pad(d) {mode: "constant", pads: [0, 0, 0, 0], value: 0}
    f: f32[2,3] = concat(e) {axis: 0}
    g: f32[2,3] = mul(one, f)
    h: f32[2,3] = add(g, zero)
    i: f32[2,3] = sub(h, zero)
    j: f32[2,3] = div(i, one)
    k: f32[2,3] = clip(j) {max: Infinity, min: -Infinity}
    l: f32[2,3] = tile(k) {repeats: [1, 1]}
    y: f32[2,3] = relu(l)
    output "of the model" = l
    output y = y
  `;
  expect(after(dropIdentities, text)).toBe(
    dedent(`
    input x: f32[2,3]
    y: f32[2,3] = relu(x)
    output "of the model" = x
    output y = y
  `),
  );
});

test('operators that look neutral but stretch, turn or shift are kept', () => {
  expectUnchanged(
    dropIdentities,
    `
    input x: f32[2,2]
    constant wide: f32[1,2,2] = [1, 1, 1, 1]
    constant zero: f32[] = [0]
    a: f32[1,2,2] = mul(x, wide)
    b: f32[2,2] = transpose(x) {permutation: [1, 0]}
    c: f32[2,2] = slice(b) {sizes: [2, 2], starts: [1, 0], steps: [-1, 1]}
    e: f32[2,2] = sub(zero, c)
    output a = a
    output e = e
  `,
  );
});

test('reshapes in a row become one', () => {
  const text = `
    input x: f32[2,3,4]
    a: f32[6,4] = reshape(x) {shape: [6, 4]}
    b: f32[24] = reshape(a) {shape: [24]}
    y: f32[4,6] = reshape(b) {shape: [4, 6]}
    output y = y
  `;
  expect(after(mergeMoves, text)).toBe(
    dedent(`
    input x: f32[2,3,4]
    y: f32[4,6] = reshape(x) {shape: [4, 6]}
    output y = y
  `),
  );
});

test('transposes in a row become one, and none if they cancel', () => {
  const text = `
    input x: f32[2,3,4]
    a: f32[4,2,3] = transpose(x) {permutation: [2, 0, 1]}
    y: f32[3,2,4] = transpose(a) {permutation: [2, 1, 0]}
    z: f32[2,3,4] = transpose(a) {permutation: [1, 2, 0]}
    output y = y
    output z = z
  `;
  const merged = after((graph) => dropIdentities(mergeMoves(graph)), text);
  expect(merged).toBe(
    dedent(`
    input x: f32[2,3,4]
    y: f32[3,2,4] = transpose(x) {permutation: [1, 0, 2]}
    output y = y
    output z = x
  `),
  );
});

test('a transpose that moves only axes of extent 1 is a reshape', () => {
  const text = `
    input x: f32[1,3,1,4]
    y: f32[3,1,4,1] = transpose(x) {permutation: [1, 0, 3, 2]}
    output y = y
  `;
  expect(after(mergeMoves, text)).toBe(
    dedent(`
    input x: f32[1,3,1,4]
    y: f32[3,1,4,1] = reshape(x) {shape: [3, 1, 4, 1]}
    output y = y
  `),
  );
});
