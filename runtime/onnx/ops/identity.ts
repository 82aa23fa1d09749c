// Operators that hand their input on when a network only infers.

import { tensorOf } from '../../core/tensor.js';
import type { Importers, OnnxCall } from '../call.js';
import type { Value } from '../graph-writer.js';

export const identity: Importers = {
  Identity: (call) => call.input(0),
  Dropout: importDropout,
};

function importDropout(call: OnnxCall): Value[] {
  if (call.constantNumbers(2, 'training mode')?.[0] && call.constantNumbers(1, 'ratio')?.[0] !== 0) {
    throw call.invalid('training mode, in which elements are dropped at random, is not supported');
  }
  const x = call.input(0);
  if (call.outputCount < 2) return [x];
  const { shape } = x.type;
  const mask = call.fold('bool', shape, () => {
    const tensor = tensorOf('bool', shape, []);
    (tensor.data as Uint8Array).fill(1);
    return tensor;
  });
  return [x, mask];
}
