// Reads an image at positions that come as data: for each axis the pixels around the position and their shares, then the sum over all.

import { type GridSampling, gridCubicA, gridEdges, gridSampling, isFree } from '../../graph/ops/grid-sample.js';
import { type Affine, constant } from '../../loop/affine.js';
import { call, cast, number } from '../../loop/expression.js';
import type { Expression } from '../../loop/program.js';
import { floorIndex } from '../indices.js';
import type { Lowering, Operand, Scope } from '../lowering.js';
import { clamp, like } from '../pointwise.js';

/** A pixel along one axis: its index, its share, and whether it is there; absent: it is. */
interface Tap {
  readonly index: Affine;
  readonly weight?: Expression;
  readonly inside?: Expression;
}

export const gridSample: Lowering = {
  kind: 'grid-sample',
  value(scope, index) {
    const [x, grid] = [scope.input(0), scope.input(1)];
    const sampling = gridSampling(scope.attributes);
    const extents = x.type.shape.slice(2);
    const places = [index[0] as Affine, ...index.slice(2)];
    const taps = extents.map((extent, axis) => {
      const coordinate = cast(grid.read([...places, constant(extents.length - 1 - axis)]), 'f32');
      return tapsOf(scope, sampling, coordinate, extent);
    });
    return cast(blend(x, index.slice(0, 2), taps), scope.output.dtype);
  },
};

/** In f32, step by step as the reference. */
function tapsOf(scope: Scope, sampling: GridSampling, coordinate: Expression, extent: number): Tap[] {
  const { mode, alignCorners } = sampling;
  const moved = call('add', coordinate, number(1));
  const exact = alignCorners
    ? call('mul', call('div', moved, number(2)), number(extent - 1))
    : call('div', call('sub', call('mul', moved, number(extent)), number(1)), number(2));
  const target = mode === 'nearest' ? call('round', exact) : exact;
  const position = scope.share(isFree(sampling) ? target : padded(scope, sampling, target, extent));
  if (mode === 'nearest') return [tapAt(scope, sampling, position, extent)];
  const base = scope.share(call('floor', position));
  const rest = scope.share(call('sub', position, base));
  const weights = mode === 'linear' ? [call('sub', number(1), rest), rest] : cubicWeights(rest);
  const first = mode === 'linear' ? 0 : -1;
  return weights.map((weight, i) => {
    const at = call('add', base, number(first + i));
    return { ...tapAt(scope, sampling, at, extent), weight: scope.share(weight) };
  });
}

function cubicWeights(rest: Expression): Expression[] {
  const a = gridCubicA;
  const polynomial = (t: Expression, factors: readonly number[]) =>
    factors.reduce<Expression>((sum, factor) => call('add', call('mul', sum, t), number(factor)), number(0));
  const near = (t: Expression) => polynomial(t, [a + 2, -(a + 3), 0, 1]);
  const far = (t: Expression) => polynomial(t, [a, -5 * a, 8 * a, -4 * a]);
  const to = (whole: number) => call('sub', number(whole), rest);
  return [far(call('add', rest, number(1))), near(rest), near(to(1)), far(to(2))];
}

function tapAt(scope: Scope, sampling: GridSampling, at: Expression, extent: number): Tap {
  if (sampling.padding === 'zeros') {
    const whole = scope.share(at);
    const inside = call('and', call('less-equal', number(0), whole), call('less', whole, number(extent)));
    return { index: floorIndex(whole, 0, extent - 1), inside: scope.share(inside) };
  }
  return { index: floorIndex(padded(scope, sampling, at, extent), 0, extent - 1) };
}

/** Positions past the edges, moved inside. */
function padded(scope: Scope, sampling: GridSampling, at: Expression, extent: number): Expression {
  if (sampling.padding === 'zeros') return at;
  const position = scope.share(at);
  const [min, max] = gridEdges(sampling, extent);
  const outside = call('or', call('less', position, number(min)), call('less', number(max), position));
  const moved = sampling.padding === 'border' ? clamp(position, 0, extent - 1) : reflected(scope, position, min, max);
  return call('select', outside, moved, position);
}

function reflected(scope: Scope, position: Expression, min: number, max: number): Expression {
  const range = max - min;
  if (range === 0) return number(min);
  const along = scope.share(call('fmod', call('abs', call('sub', position, number(min))), number(2 * range)));
  const back = call('sub', number(2 * range), along);
  return call('add', number(min), call('select', call('less', number(range), along), back, along));
}

/** The weighted sum over the taps of the axes from `chosen.length - 2` on. */
function blend(x: Operand, chosen: readonly Affine[], taps: readonly (readonly Tap[])[]): Expression {
  const [here, ...inner] = taps;
  if (here === undefined) return cast(x.read(chosen), 'f32');
  return here
    .map(({ index, weight, inside }) => {
      const value = blend(x, [...chosen, index], inner);
      const there = inside === undefined ? value : call('select', inside, value, like(value, 0));
      return weight === undefined ? there : call('mul', weight, there);
    })
    .reduce((sum, term) => call('add', sum, term));
}
