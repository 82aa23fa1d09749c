// Winograd's input transform B^T d B, rows first: what the planes of a window have in common is stated once.

import { integerAttribute, integersAttribute } from '../../graph/attributes.js';
import { winogradMatrices } from '../../graph/winograd.js';
import { type Affine, constant, constantOf, offset, scale } from '../../loop/affine.js';
import { linearCombination } from '../combination.js';
import type { Lowering } from '../lowering.js';

export const winogradInput: Lowering = {
  kind: 'winograd-input',
  tile: (_, output) => [output.shape[0] ?? 1, 1, 1, 1],
  value(scope, index) {
    const [plane, c, down, across] = index as [Affine, Affine, Affine, Affine];
    const tile = integerAttribute(scope.attributes, 'tile');
    const [top = 0, left = 0] = integersAttribute(scope.attributes, 'pads');
    const { input } = winogradMatrices(tile);
    const x = scope.input(0);
    const number = constantOf(plane) ?? 0;
    const [u, v] = [input[Math.floor(number / input.length)] ?? [], input[number % input.length] ?? []];
    const row = (r: number) => offset(scale(down, tile), r - top);
    const column = (s: number) => offset(scale(across, tile), s - left);
    return linearCombination(v, (s) =>
      scope.share(linearCombination(u, (r) => scope.share(x.read([constant(0), c, row(r), column(s)])))),
    );
  },
};
