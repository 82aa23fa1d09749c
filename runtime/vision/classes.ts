// Classes: the most probable few of a classifier's answer.

import { OnboxError } from '../core/error.js';
import type { VisionSpec } from '../module/manifest.js';
import type { Outputs } from './heads/head.js';
import { classifyHeadOf } from './heads/index.js';
import { labelOf } from './labels.js';

export interface ClassifiedClass {
  readonly label: string;
  /** Index of the class. */
  readonly class: number;
  /** Probability, 0..1. */
  readonly confidence: number;
}

export interface ClassifyOptions {
  /** How many classes to name, at most all. */
  readonly top: number;
}

export const classifyDefaults: ClassifyOptions = { top: 5 };

/**
 * The `top` most probable classes, most probable first; of equals the lower index comes first.
 * @throws OnboxError `head-missing` if the spec has no head, `head-task`, or `head-mismatch` if the outputs are not the head's
 */
export function decodeClasses(spec: VisionSpec, outputs: Outputs, { top }: ClassifyOptions): ClassifiedClass[] {
  if (spec.head === undefined) throw new OnboxError('the model has no head that classifies', { code: 'head-missing' });
  const probabilities = classifyHeadOf(spec.head.kind).probabilities(outputs, spec.head.parameters);
  // Typed arrays sort in place without boxing; a NaN counts as 0.
  const order = Uint32Array.from(probabilities.keys());
  const rank = (index: number) => probabilities[index] || 0;
  order.sort((a, b) => rank(b) - rank(a) || a - b);
  return Array.from(order.subarray(0, Math.max(0, top)), (index) => ({
    label: labelOf(spec.labels, index),
    class: index,
    confidence: rank(index),
  }));
}
