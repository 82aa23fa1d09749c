// Updates that are stored at places which come as data, seen from the element that may be hit: it looks at every update. That is as
// much work as elements times updates, which is little where either are few.

import { choiceAttribute } from '../graph/attributes.js';
import { reductions } from '../graph/indexing.js';
import { type Affine, constant } from '../loop/affine.js';
import { call, measured, number } from '../loop/expression.js';
import type { Expression } from '../loop/program.js';
import { indexValue } from './indices.js';
import type { Scope } from './lowering.js';
import { like } from './pointwise.js';

/** The updates that an element looks at, in the order in which they are stored. */
export interface Updates {
  readonly count: number;
  /** Whether update `k` hits the element, as bool. */
  isHit(k: Affine): Expression;
  read(k: Affine): Expression;
}

/** An element of `data` after all updates. */
export function updated(scope: Scope, data: Expression, updates: Updates): Expression {
  const reduction = choiceAttribute(scope.attributes, 'reduction', reductions);
  const axes = [{ name: 'k', extent: updates.count }];
  if (reduction === 'none') {
    const none = number(-1, 'i32');
    const last = scope.reduce({
      combine: 'max',
      axes,
      start: none,
      term: (k = constant(0)) => call('select', updates.isHit(k), indexValue(k, 'i32'), none),
    });
    return call('select', call('less', last, number(0, 'i32')), data, updates.read(measured(last, 0, updates.count - 1)));
  }
  const start = scope.share(data);
  const nothing = reduction === 'add' ? like(start, 0) : reduction === 'mul' ? like(start, 1) : start;
  return scope.reduce({
    combine: reduction,
    axes,
    start,
    term: (k = constant(0)) => call('select', updates.isHit(k), updates.read(k), nothing),
  });
}

/** Whether an index that came as data, counted from the front, is `at`. */
export function isAt(index: Expression, at: Affine): Expression {
  return call('equal', index, indexValue(at, index.dtype));
}
