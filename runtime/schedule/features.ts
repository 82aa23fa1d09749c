// A candidate as numbers for the model: logarithms of what the draft reckons, and of the choice itself.

import type { Choice } from './choice.js';
import type { Draft } from './cost.js';
import type { Features } from './model.js';

export function featuresOf(choice: Choice, draft: Draft): Features {
  const { compute, epilogue, l1Traffic, l2Traffic, imbalance, chunks, body, total } = draft;
  const { vector, fused, swapped, lines, rows, columns, turned, unrolled } = choice;
  const logs = [compute, epilogue, l1Traffic, l2Traffic, imbalance, chunks, body, total, lines, rows, columns, choice.chunks];
  const accumulators = lines * rows * columns;
  return [
    ...logs.map((value) => Math.log2(1 + value)),
    Math.log2(accumulators),
    // What bounds it.
    Math.log2((l1Traffic + 1) / (compute + 1)),
    Math.log2((l2Traffic + 1) / (compute + 1)),
    turned,
    unrolled,
    Number(vector),
    Number(fused),
    Number(swapped),
  ];
}
