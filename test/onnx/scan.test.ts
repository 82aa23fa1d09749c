// The scan before decoding: no input, however hostile, makes reading throw anything but an OnboxError.

import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { errorCode } from '../../runtime/core/error.js';
import { tensorOf } from '../../runtime/core/tensor.js';
import { importModel } from '../../runtime/onnx/import.js';
import { readModel, readTensor } from '../../runtime/onnx/read.js';
import { scan } from '../../runtime/onnx/scan.js';
import { sharedData } from '../support/data.js';
import { writeOnnx } from '../support/onnx-writer.js';

const varint = (value: number): number[] =>
  value < 0x80 ? [value] : [(value % 0x80) | 0x80, ...varint(Math.floor(value / 0x80))];

/** A length-delimited field. */
const field = (number: number, content: Uint8Array): Uint8Array =>
  Buffer.concat([Uint8Array.from([...varint(number * 8 + 2), ...varint(content.length)]), content]);

const small = writeOnnx({
  inputs: [{ name: 'x', dims: ['batch', 4] }],
  outputs: ['y'],
  nodes: [
    { op: 'Add', inputs: ['x', 'one'], outputs: ['sum'] },
    { op: 'Softmax', inputs: ['sum'], outputs: ['y'], attributes: { axis: -1 } },
  ],
  initializers: { one: tensorOf('f32', [4], [1, 2, 3, 4]) },
  metadata: { stride: '32' },
});

function codeOf(action: () => unknown): string {
  try {
    action();
    return 'none';
  } catch (error) {
    return errorCode(error);
  }
}

test('a model that a library wrote passes', () => {
  expect(() => scan(small, 'model')).not.toThrow();
});

test('21,000 nested groups are refused without recursion', () => {
  const groups = new Uint8Array(21_000).fill(0x7b);
  expect(() => readModel(groups)).toThrow('not a readable ONNX model: a group at byte 1');
});

test('subgraphs nested 3,000 deep are refused at depth 64', () => {
  // graph { node { attribute { g: graph { ... } } } }
  let graph: Uint8Array = new Uint8Array();
  for (let depth = 0; depth < 3000; depth++) graph = field(1, field(5, field(6, graph)));
  expect(() => readModel(field(7, graph))).toThrow('messages nest deeper than 64');
});

test('a million empty nodes are refused before they are decoded', () => {
  const graph = Buffer.alloc(2_000_000);
  for (let offset = 0; offset < graph.length; offset += 2) graph[offset] = 0x0a;
  expect(() => readModel(field(7, graph))).toThrow('more than 400000 messages');
});

test('a length past the end of its message is refused, with both lengths', () => {
  expect(() => readModel(Uint8Array.from([0x3a, 0x05, 0x0a, 0x00]))).toThrow('claims 5 bytes of 2 that remain');
  expect(() => readModel(Uint8Array.from([0x3a, 0x02, 0x0a, 0x7f]))).toThrow('claims 127 bytes of 0 that remain');
});

test('a varint of 11 bytes is refused', () => {
  const long = Uint8Array.from([0x08, ...new Array<number>(10).fill(0xff), 0x01]);
  expect(() => readModel(long)).toThrow('longer than 10 bytes');
});

test('packed numbers are counted before a decoder makes objects of them', () => {
  const tensor = field(7, new Uint8Array(16_000_001));
  expect(() => readTensor(tensor)).toThrow('more than 16000000 packed numbers');
});

test('every prefix of a model ends in an OnboxError or a graph', () => {
  for (let length = 0; length < small.length; length++) {
    const code = codeOf(() => importModel(readModel(small.subarray(0, length))));
    expect(code).not.toBe('internal');
  }
});

const damages = fc.array(
  fc.record({ at: fc.double({ min: 0, max: 0.999, noNaN: true }), bit: fc.integer({ min: 0, max: 7 }) }),
  {
    minLength: 1,
    maxLength: 4,
  },
);

function damaged(bytes: Uint8Array, flips: readonly { at: number; bit: number }[]): Uint8Array {
  const copy = Uint8Array.from(bytes);
  for (const { at, bit } of flips) {
    const index = Math.floor(at * copy.length);
    copy[index] = (copy[index] ?? 0) ^ (1 << bit);
  }
  return copy;
}

test('flipped bits end in an OnboxError or a graph, never in another error', () => {
  fc.assert(
    fc.property(damages, (flips) => {
      expect(codeOf(() => importModel(readModel(damaged(small, flips))))).not.toBe('internal');
    }),
    { numRuns: 2000 },
  );
});

const mnist = sharedData('models', 'mnist.onnx');
if (mnist === undefined) {
  test.skip('shared data is missing: skipped', () => undefined);
} else {
  const bytes = readFileSync(mnist);

  test('truncations of mnist end in an OnboxError, quickly', () => {
    const started = performance.now();
    for (let length = 0; length < bytes.length; length += 97) {
      const code = codeOf(() => importModel(readModel(bytes.subarray(0, length))));
      expect(code).not.toBe('internal');
      expect(code).not.toBe('none');
    }
    expect(performance.now() - started).toBeLessThan(20_000);
  });

  // Most bytes of the file are weights; its structure lies in the rest, so damage is aimed at what is not.
  test('flipped bits in the structure of mnist end in an OnboxError or a graph', () => {
    fc.assert(
      fc.property(damages, (flips) => {
        const headed = flips.map(({ at, bit }) => ({ at: at * 0.2, bit }));
        expect(codeOf(() => importModel(readModel(damaged(bytes, headed))))).not.toBe('internal');
      }),
      { numRuns: 1000 },
    );
  });
}
