// Slice: attributes in opset 1, inputs from 10. Ends may lie far outside (INT64_MAX), counts from the end are negative.

import type { Importers, OnnxCall } from '../call.js';
import type { Value } from '../graph-writer.js';

export const slice: Importers = { Slice: importSlice };

function importSlice(call: OnnxCall): Value {
  const x = call.input(0);
  const { shape } = x.type;
  const begins = call.integersOf(1, 'starts') ?? [];
  const ends = call.integersOf(2, 'ends') ?? [];
  const axes = (call.integersOf(3, 'axes') ?? begins.map((_, index) => index)).map((axis) => call.axis(axis, shape.length));
  const strides = call.constantNumbers(4, 'steps') ?? begins.map(() => 1);
  if ([ends, axes, strides].some((list) => list.length !== begins.length) || new Set(axes).size !== axes.length) {
    throw call.invalid(`starts [${begins}], ends [${ends}], axes [${axes}] and steps [${strides}] do not match`);
  }
  const starts = shape.map(() => 0);
  const steps = shape.map(() => 1);
  const sizes = [...shape];
  axes.forEach((axis, index) => {
    const [begin = 0, end = 0, step = 1] = [begins[index], ends[index], strides[index]];
    if (step === 0) throw call.invalid('a step is 0');
    const range = resolve(begin, end, step, shape[axis] ?? 0);
    starts[axis] = range.start;
    sizes[axis] = range.size;
    steps[axis] = range.size > 1 ? step : 1;
  });
  return call.emit('slice', [x], { starts, steps, sizes });
}

/** The elements that `begin:end:step` picks of `extent`, as Python does. */
function resolve(begin: number, end: number, step: number, extent: number): { start: number; size: number } {
  const [low, high] = step > 0 ? [0, extent] : [-1, extent - 1];
  const clamp = (index: number) => Math.min(Math.max(index < 0 ? index + extent : index, low), high);
  const start = clamp(begin);
  const size = Math.max(0, Math.ceil((clamp(end) - start) / step));
  return { start: size === 0 ? 0 : start, size };
}
