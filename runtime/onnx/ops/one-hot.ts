// OneHot: a new axis of `depth` elements, `on` at the index that comes as data and `off` everywhere else.

import { tensorOf } from '../../core/tensor.js';
import type { Importers, OnnxCall } from '../call.js';
import type { Value } from '../graph-writer.js';

export const oneHot: Importers = { OneHot: importOneHot };

/** Negative indices count from the end; those outside of the axis are `on` nowhere. */
function importOneHot(call: OnnxCall): Value {
  const [indices, values] = [call.input(0), call.input(2)];
  const { shape } = indices.type;
  const depth = call.constantNumbers(1, 'depth')?.[0] ?? 0;
  if (!(Number.isInteger(depth) && depth > 0)) throw call.invalid(`depth is a positive whole number, got ${depth}`);
  const axis = call.axis(call.number('axis', -1), shape.length + 1);
  const whole = call.emit('cast', [indices], { to: 'i64' });
  const fromEnd = call.emit('add', [whole, call.scalar('i64', depth)]);
  const at = call.emit('where', [call.emit('less', [whole, call.scalar('i64', 0)]), fromEnd, whole]);
  const column = call.reshape(at, [...shape.slice(0, axis), 1, ...shape.slice(axis)]);
  const places = call.fold('i64', [depth], () =>
    tensorOf(
      'i64',
      [depth],
      Array.from({ length: depth }, (_, i) => i),
    ),
  );
  const along = call.reshape(
    places,
    column.type.shape.map((_, i) => (i === axis ? depth : 1)),
  );
  const pick = (index: number) => call.reshape(call.emit('slice', [values], { starts: [index], steps: [1], sizes: [1] }), []);
  return call.emit('where', [call.emit('equal', [column, along]), pick(1), pick(0)]);
}
