// Averages (or takes the largest of) samples between the pixels of regions that come as data.

import { type RoiAlignment, roiAlignment } from '../../graph/ops/roi-align.js';
import { type Affine, constant } from '../../loop/affine.js';
import { call, cast, number } from '../../loop/expression.js';
import type { Expression } from '../../loop/program.js';
import { dataIndex, floorIndex, indexValue } from '../indices.js';
import type { Lowering, Scope } from '../lowering.js';
import { clamp } from '../pointwise.js';

export const roiAlign: Lowering = {
  kind: 'roi-align',
  value(scope, [r = constant(0), c = constant(0), row = constant(0), column = constant(0)]) {
    const alignment = roiAlignment(scope.attributes);
    const { mode, samples, height, width } = alignment;
    const [x, regions, images] = [scope.input(0), scope.input(1), scope.input(2)];
    const [batch = 1, , rows = 1, columns = 1] = x.type.shape;
    const image = dataIndex(scope, images.read([r]), batch);
    const corner = (k: number) => cast(regions.read([r, constant(k)]), 'f32');
    const result = scope.reduce({
      combine: mode === 'max' ? 'max' : 'add',
      axes: [
        { name: 'sy', extent: samples },
        { name: 'sx', extent: samples },
      ],
      term: (sy = constant(0), sx = constant(0)) => {
        const y = tapsOf(scope, placeOf(alignment, corner(1), corner(3), height, row, sy), rows);
        const i = tapsOf(scope, placeOf(alignment, corner(0), corner(2), width, column, sx), columns);
        return y
          .flatMap((a) =>
            i.map((b) => {
              const pixel = cast(x.read([image, c, a.index, b.index]), 'f32');
              return call('mul', call('mul', a.weight, b.weight), pixel);
            }),
          )
          .reduce((sum, term) => call(mode === 'max' ? 'max' : 'add', sum, term));
      },
    });
    return cast(mode === 'max' ? result : call('div', result, number(samples ** 2)), scope.output.dtype);
  },
};

/** Where sample `i` of a cell lies along an axis of a region. */
function placeOf(
  { scale, halfPixel, samples }: RoiAlignment,
  start: Expression,
  end: Expression,
  cells: number,
  cell: Affine,
  i: Affine,
): Expression {
  const scaled = (value: Expression) => call('mul', value, number(scale));
  const first = halfPixel ? call('sub', scaled(start), number(0.5)) : scaled(start);
  const length = scaled(call('sub', end, start));
  const size = call('div', halfPixel ? length : call('max', length, number(1)), number(cells));
  const steps = call('div', call('add', indexValue(i, 'f32'), number(0.5)), number(samples));
  return call('add', first, call('mul', call('add', indexValue(cell, 'f32'), steps), size));
}

/** The two pixels around a position, with their shares; past one pixel outside of the axis they have none. */
function tapsOf(
  scope: Scope,
  at: Expression,
  extent: number,
): readonly { readonly index: Affine; readonly weight: Expression }[] {
  const position = scope.share(at);
  const there = call('and', call('less-equal', number(-1), position), call('less-equal', position, number(extent)));
  const inside = scope.share(clamp(position, 0, extent - 1));
  const low = scope.share(call('floor', inside));
  const rest = scope.share(call('sub', inside, low));
  const weight = (share: Expression) => scope.share(call('select', there, share, number(0)));
  return [
    { index: floorIndex(low, 0, extent - 1), weight: weight(call('sub', number(1), rest)) },
    { index: floorIndex(call('add', low, number(1)), 0, extent - 1), weight: weight(rest) },
  ];
}
