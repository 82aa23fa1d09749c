// How operators over sequences are drawn.

import { tensorOf } from '../../runtime/core/tensor.js';
import type { AttributeSketch } from '../support/onnx-writer.js';
import type { Draft } from './draft.js';
import type { Drawer } from './operators.js';

const gates = { LSTM: 4, GRU: 3, RNN: 1 } as const;
const functions = { LSTM: ['Sigmoid', 'Tanh', 'Tanh'], GRU: ['Sigmoid', 'Tanh'], RNN: ['Tanh'] } as const;
const others = ['Relu', 'Sigmoid', 'Tanh', 'Softsign', 'HardSigmoid', 'LeakyRelu', 'Elu'] as const;

/** A value of three axes as steps, batch and width, with all that a recurrent operator may take besides. */
function drawRecurrence(draft: Draft, op: keyof typeof gates): void {
  const { random } = draft;
  const x = draft.floats(3);
  const [steps = 1, batch = 1, width = 1] = x.shape;
  const hidden = random.whole(1, 6);
  const direction = random.pick(['forward', 'reverse', 'bidirectional']);
  const ways = direction === 'bidirectional' ? 2 : 1;
  const wide = gates[op] * hidden;
  const lengths = draft.constant(tensorOf('i32', [batch], random.list(batch, 1, steps)));
  const maybe = (make: () => string) => (random.chance(0.5) ? make() : '');
  const state = () => draft.weights(ways, batch, hidden);
  const named = Array.from({ length: ways }, () =>
    functions[op].map((usual) => (random.chance(0.7) ? usual : random.pick(others))),
  ).flat();
  const attributes: Record<string, AttributeSketch> = { hidden_size: hidden, direction };
  if (random.chance(0.3)) attributes['activations'] = named;
  if (random.chance(0.3)) attributes['clip'] = { float: 1.5 };
  if (op === 'GRU') attributes['linear_before_reset'] = random.whole(0, 1);
  const bias = maybe(() => draft.weights(ways, 2 * wide));
  const inputs = [
    draft.emit('Tanh', [x]),
    draft.weights(ways, wide, width),
    draft.weights(ways, wide, hidden),
    bias,
    random.chance(0.3) ? lengths : '',
    maybe(state),
  ];
  const more = op === 'LSTM' ? [maybe(state), maybe(() => draft.weights(ways, 3 * hidden))] : [];
  draft.emit(op, [...inputs, ...more], attributes, op === 'LSTM' ? 3 : 2);
}

export const sequences: Record<string, Drawer> = {
  LSTM: (draft) => drawRecurrence(draft, 'LSTM'),
  GRU: (draft) => drawRecurrence(draft, 'GRU'),
  RNN: (draft) => drawRecurrence(draft, 'RNN'),
};
