// What the normalizations share: a region of elements brought to mean 0 and variance 1.

import { numberAttribute } from '../graph/attributes.js';
import type { Affine } from '../loop/affine.js';
import { call } from '../loop/expression.js';
import type { Expression } from '../loop/program.js';
import type { Operand, Scope } from './lowering.js';
import { like } from './pointwise.js';
import { divideByCount, fold, type Region } from './reduce.js';

/** `x`, one of the elements of `region`, less their mean and divided by their deviation. */
export function normalized(scope: Scope, region: Region, x: Expression): Expression {
  const mean = scope.share(divideByCount(fold(scope, 'add', region), region.count));
  const squares = fold(scope, 'add', region, (element) => {
    const difference = scope.share(call('sub', element, mean));
    return call('mul', difference, difference);
  });
  const factor = scope.share(inverseDeviation(scope, divideByCount(squares, region.count)));
  return call('mul', call('sub', x, mean), factor);
}

/** 1 / sqrt(variance + epsilon). */
export function inverseDeviation(scope: Scope, variance: Expression): Expression {
  const epsilon = like(variance, numberAttribute(scope.attributes, 'epsilon'));
  return call('div', like(variance, 1), call('sqrt', call('add', variance, epsilon)));
}

/** x * scale + bias, with those at an index; a bias that was left out is 0. */
export function scaleAndShift(x: Expression, scale: Operand, bias: Operand | undefined, at: (operand: Operand) => Affine[]) {
  const scaled = call('mul', x, scale.read(at(scale)));
  return bias === undefined ? scaled : call('add', scaled, bias.read(at(bias)));
}

/** The axes of a shape from `first` on. */
export function axesFrom(first: number, shape: readonly number[]): number[] {
  return shape.map((_, axis) => axis).slice(first);
}
