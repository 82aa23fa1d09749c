// Square root of the sum of squares.

import { call } from '../../loop/expression.js';
import { realReduction } from '../reduce.js';
import { sumOfSquares } from './reduce-sum-square.js';

export const reduceL2 = realReduction('reduce-l2', (scope, region) => call('sqrt', sumOfSquares(scope, region)));
