// Operators whose results are as long as the data says. Their values have room for the most there can be.

import type { Importers, OnnxCall } from '../call.js';
import type { Value } from '../graph-writer.js';

export const dataDependent: Importers = {
  Compress: importCompress,
  NonMaxSuppression: importSuppression,
  NonZero: (call) => importNonZero(call, call.input(0)),
};

function importNonZero(call: OnnxCall, x: Value): Value {
  const [places, count] = call.emitAll('non-zero', [x]) as [Value, Value];
  return call.openAt(places, 1, count);
}

function importSuppression(call: OnnxCall): Value {
  const limit = (index: number, name: string, fallback: number) => call.constantNumbers(index, name)?.[0] ?? fallback;
  const perClass = limit(2, 'max_output_boxes_per_class', 0);
  const [rows, count] = call.emitAll('non-max-suppression', [call.input(0), call.input(1)], {
    perClass: Math.min(Math.max(perClass, 0), 2 ** 31),
    iou: limit(3, 'iou_threshold', 0),
    minScore: limit(4, 'score_threshold', Number.NEGATIVE_INFINITY),
    centers: call.number('center_point_box', 0) === 1,
  }) as [Value, Value];
  return call.openAt(rows, 0, count);
}

/** What a condition chooses along an axis, or of all elements. */
function importCompress(call: OnnxCall): Value {
  const [x, condition] = [call.input(0), call.input(1)];
  const { shape } = x.type;
  const isFlat = !call.has('axis');
  const source = isFlat ? call.reshape(x, [shape.reduce((product, extent) => product * extent, 1)]) : x;
  const axis = isFlat ? 0 : call.axis(call.number('axis'), shape.length);
  const places = importNonZero(call, condition);
  return call.emit('gather', [source, call.reshape(places, [places.type.shape[1] ?? 1])], { axis });
}
