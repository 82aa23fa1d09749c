// Resampling along one axis (graph/resampling.ts is the reference): from where each new element comes, as indices and weights. Most
// models resize by simple fractions, whose positions are quotients of whole numbers: exact, and plain index arithmetic. The others
// are computed in floats, step by step as the reference does.

import type { Dtype } from '../core/tensor.js';
import { halfMargin, type Resampling, tapsAt } from '../graph/resampling.js';
import { type Affine, offset, quotient, remainder, scale } from '../loop/affine.js';
import { call, cast, guard, number } from '../loop/expression.js';
import type { Condition, Expression } from '../loop/program.js';
import { floorIndex, indexValue, within } from './indices.js';
import type { Scope } from './lowering.js';

/** An old element that a new one is made of. It counts as 0 where `index` is outside of the axis. */
export interface Tap {
  readonly index: Affine;
  /** Absent: 1. */
  readonly weight?: Expression;
}

/** The position (step * i + start) / by of the new element i. */
interface Fraction {
  readonly step: number;
  readonly start: number;
  readonly by: number;
}

/** A position as the whole number below it and the rest, 0..1. */
interface Place {
  readonly base: Affine;
  readonly rest: Expression;
}

/** The taps of the new element at `at`. Weights have the dtype `dtype`. */
export function tapsOf(scope: Scope, resampling: Resampling, at: Affine, dtype: Dtype): readonly Tap[] {
  if (isUnchanged(resampling)) return [{ index: at }];
  if (resampling.mode === 'nearest') return [{ index: nearestIndex(resampling, at) }];
  const place = placeOf(scope, resampling, at, dtype);
  return resampling.mode === 'linear' ? linearTaps(resampling, place) : cubicTaps(scope, resampling, place);
}

/** Whether the new element at `at` lies outside of what tf_crop_and_resize looks at; undefined where it cannot. */
export function isOutside(resampling: Resampling, at: Affine): Expression | undefined {
  if (resampling.coordinates !== 'tf_crop_and_resize') return undefined;
  const position = positionOf(resampling, at);
  const before = call('less', position, number(0));
  return call('or', before, call('less', number(resampling.extent - 1), position));
}

function isUnchanged(resampling: Resampling): boolean {
  if (resampling.size !== resampling.extent) return false;
  return eachPlace(resampling, (index) => {
    const { indices, weights, isOutside: outside } = tapsAt(resampling, index);
    return !outside && indices.every((from, tap) => weights[tap] === (from === index ? 1 : 0) || weights[tap] === 0);
  });
}

function eachPlace({ size }: Resampling, holds: (index: number) => boolean): boolean {
  for (let index = 0; index < size; index++) if (!holds(index)) return false;
  return true;
}

function nearestIndex(resampling: Resampling, at: Affine): Affine {
  const { extent } = resampling;
  const fraction = roundedFraction(resampling);
  if (fraction !== undefined) {
    const clamped = (index: number) => Math.min(Math.max(floorOf(fraction, index), 0), extent - 1);
    if (eachPlace(resampling, (index) => tapsAt(resampling, index).indices[0] === clamped(index))) {
      return within(quotient(numerator(fraction, at), fraction.by), 0, extent - 1);
    }
  }
  return floorIndex(roundable(resampling, cast(positionOf(resampling, at), 'f64')), 0, extent - 1);
}

function floorOf({ step, start, by }: Fraction, index: number): number {
  return Math.floor((step * index + start) / by);
}

function numerator({ step, start }: Fraction, at: Affine): Affine {
  return offset(scale(at, step), start);
}

/** The fraction that is rounded down to the nearest index. */
function roundedFraction(resampling: Resampling): Fraction | undefined {
  const fraction = fractionOf(resampling);
  if (fraction === undefined) return undefined;
  const { step, start, by } = fraction;
  switch (resampling.nearest) {
    case 'floor':
      return fraction;
    case 'ceil':
      return { step, start: start + by - 1, by };
    case 'round_prefer_ceil':
      return { step: 2 * step, start: 2 * start + by, by: 2 * by };
    case 'round_prefer_floor':
      return { step: 2 * step, start: 2 * start + by - 1, by: 2 * by };
  }
}

/** A position such that what is below it is the nearest index. */
function roundable(resampling: Resampling, position: Expression): Expression {
  const half = number(0.5 + halfMargin(resampling), 'f64');
  switch (resampling.nearest) {
    case 'floor':
      return position;
    case 'ceil':
      return call('ceil', position);
    case 'round_prefer_ceil':
      return call('add', position, half);
    case 'round_prefer_floor':
      return call('ceil', call('sub', position, half));
  }
}

/** Bases are kept near the axis: what lies further out has the same taps. */
function placeOf(scope: Scope, resampling: Resampling, at: Affine, dtype: Dtype): Place {
  const [min, max] = resampling.mode === 'linear' ? [-1, resampling.extent - 1] : [-3, resampling.extent + 1];
  const fraction = fractionOf(resampling);
  if (fraction === undefined) {
    const position = scope.share(positionOf(resampling, at));
    return { base: floorIndex(position, min, max), rest: cast(call('sub', position, call('floor', position)), dtype) };
  }
  const exact = numerator(fraction, at);
  const rest = indexValue(remainder(exact, fraction.by), dtype);
  return {
    base: within(quotient(exact, fraction.by), min, max),
    rest: rest.kind === 'number' ? number(rest.value / fraction.by, dtype) : call('div', rest, number(fraction.by, dtype)),
  };
}

/** Outside of the axis lies its end element: the tap there gets no weight, and the other one all of it. */
function linearTaps({ extent }: Resampling, { base, rest }: Place): Tap[] {
  const one = number(1, rest.dtype);
  const next = offset(base, 1);
  return [
    { index: base, weight: guard([{ index: next, low: 0, high: extent }], call('sub', one, rest), one) },
    { index: next, weight: guard([{ index: base, low: 0, high: extent }], rest, one) },
  ];
}

/** Keys' cubic convolution kernel at the distances 1 + rest, rest, 1 - rest, 2 - rest. */
function cubicTaps(scope: Scope, { extent, cubicA, excludeOutside }: Resampling, place: Place): Tap[] {
  const rest = scope.share(place.rest);
  const polynomial = (x: Expression, ...factors: readonly number[]) =>
    factors.map((factor) => number(factor, x.dtype)).reduce((sum, factor) => call('add', call('mul', sum, x), factor));
  const near = (distance: Expression) => polynomial(distance, cubicA + 2, -(cubicA + 3), 0, 1);
  const far = (distance: Expression) => polynomial(distance, cubicA, -5 * cubicA, 8 * cubicA, -4 * cubicA);
  const one = number(1, rest.dtype);
  const other = scope.share(call('sub', one, rest));
  const weights = [far(call('add', one, rest)), near(rest), near(other), far(call('add', one, other))];
  const indices = weights.map((_, i) => offset(place.base, i - 1));
  if (!excludeOutside) {
    return weights.map((weight, i) => ({ index: within(indices[i] as Affine, 0, extent - 1), weight: scope.share(weight) }));
  }
  const isThere = (index: Affine): Condition[] => [{ index, low: 0, high: extent }];
  const kept = weights.map((weight, i) => scope.share(guard(isThere(indices[i] as Affine), weight, number(0, rest.dtype))));
  const total = scope.share(kept.reduce((sum, weight) => call('add', sum, weight)));
  return kept.map((weight, i) => ({ index: within(indices[i] as Affine, 0, extent - 1), weight: call('div', weight, total) }));
}

/** The position of the new element i as a fraction of whole numbers; undefined where it is none that is small. */
function fractionOf(resampling: Resampling): Fraction | undefined {
  const { coordinates, extent, size } = resampling;
  const first = { step: 0, start: 0, by: 1 };
  const [p, q] = ratioOf(resampling) ?? [0, 0];
  switch (coordinates) {
    case 'align_corners':
      return size === 1 ? first : { step: extent - 1, start: 0, by: size - 1 };
    case 'asymmetric':
      return p === 0 ? undefined : { step: q, start: 0, by: p };
    case 'pytorch_half_pixel':
      if (size === 1) return first;
      return p === 0 ? undefined : { step: 2 * q, start: q - p, by: 2 * p };
    case 'half_pixel':
      return p === 0 ? undefined : { step: 2 * q, start: q - p, by: 2 * p };
    case 'tf_half_pixel_for_nn':
      return p === 0 ? undefined : { step: 2 * q, start: q, by: 2 * p };
    case 'half_pixel_symmetric':
    case 'tf_crop_and_resize':
      return undefined;
  }
}

/** Numerators stay below 2^31 with these. */
const termMax = 2 ** 13;

/** The scale as p / q in lowest terms. */
function ratioOf({ extent, size, scale: factor }: Resampling): readonly [p: number, q: number] | undefined {
  const candidates = [...Array.from({ length: 16 }, (_, i) => i + 1), extent];
  const q = candidates.find((by) => Math.fround(Math.round(factor * by) / by) === Math.fround(factor));
  if (q === undefined) return undefined;
  const p = Math.round(factor * q);
  return p > 0 && Math.max(p, q, size) <= termMax ? [p, q] : undefined;
}

/** The position of the new element `at` in f32, with the roundings of the reference. */
function positionOf({ coordinates, extent, size, scale: factor, roi }: Resampling, at: Affine): Expression {
  const f64 = (value: number) => number(value, 'f64');
  const halfScaled = call('div', call('add', indexValue(at, 'f32'), number(0.5)), number(factor));
  switch (coordinates) {
    case 'asymmetric':
      return call('div', indexValue(at, 'f32'), number(factor));
    case 'tf_half_pixel_for_nn':
      return halfScaled;
    case 'half_pixel':
      return call('sub', halfScaled, number(0.5));
    case 'pytorch_half_pixel':
      return size === 1 ? number(0) : call('sub', halfScaled, number(0.5));
    case 'align_corners':
      return size === 1 ? number(0) : call('div', indexValue(scale(at, extent - 1), 'f32'), number(size - 1));
    case 'half_pixel_symmetric': {
      const adjustment = size / Math.fround(Math.fround(factor) * extent);
      const start = f64(Math.fround((extent / 2) * (1 - adjustment)));
      return cast(call('sub', call('add', start, cast(halfScaled, 'f64')), f64(0.5)), 'f32');
    }
    case 'tf_crop_and_resize': {
      const [from, to] = roi;
      if (size === 1) return number(0.5 * (from + to) * (extent - 1));
      const along = call('mul', call('mul', indexValue(at, 'f64'), f64(to - from)), f64(extent - 1));
      return cast(call('add', f64(from * (extent - 1)), call('div', along, f64(size - 1))), 'f32');
    }
  }
}
