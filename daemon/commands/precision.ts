// What --precision cost, as a compile tells it.

import type { PrecisionReport } from '../../runtime/index.js';
import { plainText } from '../log.js';

/** One line, and one for each layer that fell back to float32. */
export function printPrecision({
  precision,
  layers,
  narrow,
  float32,
  maxRelativeError,
  cosine,
  sameClass,
}: PrecisionReport): string {
  const same = sameClass === undefined ? '' : `, the first class ${sameClass ? 'is the same' : 'is another'}`;
  const error = `largest error ${maxRelativeError.toExponential(1)}, cosine ${cosine.toFixed(6)}${same}`;
  const fallen = float32.map(({ value, operators }) => `in float32: ${plainText(value)} (${plainText(operators)})\n`);
  return `${precision}: ${layers} layers in halves, ${narrow} of them computed so; against float32 ${error}\n${fallen.join('')}`;
}
