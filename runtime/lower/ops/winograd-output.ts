// Winograd's output transform A^T m A plus the bias, rows first: what the outputs of a tile have in common is stated once.

import { integerAttribute } from '../../graph/attributes.js';
import { winogradMatrices } from '../../graph/winograd.js';
import { type Affine, constant, constantOf, quotient, remainder } from '../../loop/affine.js';
import { call } from '../../loop/expression.js';
import { linearCombination } from '../combination.js';
import type { Lowering } from '../lowering.js';

export const winogradOutput: Lowering = {
  kind: 'winograd-output',
  tile: (attributes) => [1, 1, integerAttribute(attributes, 'tile'), integerAttribute(attributes, 'tile')],
  value(scope, index) {
    const [, c, h, w] = index as [Affine, Affine, Affine, Affine];
    const tile = integerAttribute(scope.attributes, 'tile');
    const { output } = winogradMatrices(tile);
    const size = tile + 2;
    const [m, bias] = [scope.input(0), scope.operand(1)];
    const [down, across] = [quotient(h, tile), quotient(w, tile)];
    const [u, v] = [output[constantOf(remainder(h, tile)) ?? 0] ?? [], output[constantOf(remainder(w, tile)) ?? 0] ?? []];
    const sum = linearCombination(v, (s) =>
      scope.share(linearCombination(u, (r) => scope.share(m.read([constant(r * size + s), c, down, across])))),
    );
    return bias === undefined ? sum : call('add', sum, bias.read([c]));
  },
};
