// Reading protobuf: every dtype and every way to store a tensor, and what is refused as not sane.

import { onnx } from 'onnx-proto';
import { type Dtype, type Tensor, tensorOf } from '../../runtime/core/tensor.js';
import { quote } from '../../runtime/onnx/model.js';
import { readModel, readTensor, writeTensor } from '../../runtime/onnx/read.js';
import { writeOnnx } from '../support/onnx-writer.js';

const encode = (tensor: onnx.ITensorProto): Uint8Array => onnx.TensorProto.encode(tensor).finish();

function modelWith(initializer: onnx.ITensorProto): Uint8Array {
  return onnx.ModelProto.encode({
    irVersion: 8,
    opsetImport: [{ version: 17 }],
    graph: { initializer: [initializer] },
  }).finish();
}

test('a model is read into plain data', () => {
  const model = readModel(
    writeOnnx({
      inputs: [
        { name: 'x', dims: ['batch', 3, 8] },
        { name: 'w', dims: [3] },
      ],
      outputs: [{ name: 'y', dtype: 'i64', dims: [] }],
      nodes: [
        {
          op: 'Op',
          name: 'first',
          domain: 'org.example',
          inputs: ['x', '', 'w'],
          outputs: ['y'],
          attributes: {
            count: -3,
            ratio: { float: 2 },
            name: 'é',
            sizes: [1, 2 ** 40],
            ratios: { floats: [1, 0.5] },
            words: ['a', 'b'],
            value: tensorOf('i32', [1], [7]),
          },
        },
      ],
      initializers: { w: tensorOf('f32', [3], [1, 2, 3]) },
      opset: 19,
      metadata: { names: "{0: 'person'}" },
    }),
  );
  expect(model.opsets).toEqual(
    new Map([
      ['', 19],
      ['org.example', 1],
    ]),
  );
  expect(model.metadata).toEqual(new Map([['names', "{0: 'person'}"]]));
  // `w` is an initializer that the graph also lists as an input.
  expect(model.inputs).toEqual([{ name: 'x', dtype: 'f32', typeText: 'f32', dims: ['batch', 3, 8] }]);
  expect(model.outputs).toEqual([{ name: 'y', dtype: 'i64', typeText: 'i64', dims: [] }]);
  expect(model.initializers.get('w')).toEqual(tensorOf('f32', [3], [1, 2, 3]));
  expect(model.nodes).toEqual([
    {
      name: 'first',
      op: 'Op',
      domain: 'org.example',
      inputs: ['x', '', 'w'],
      outputs: ['y'],
      attributes: new Map<string, unknown>([
        ['count', -3],
        ['ratio', 2],
        ['name', 'é'],
        ['sizes', [1, 2 ** 40]],
        ['ratios', [1, 0.5]],
        ['words', ['a', 'b']],
        ['value', tensorOf('i32', [1], [7])],
      ]),
    },
  ]);
});

test('a tensor of each dtype survives writing and reading', () => {
  const dtypes: readonly Dtype[] = ['f32', 'f64', 'f16', 'i8', 'u8', 'i16', 'u16', 'i32', 'u32', 'i64', 'u64', 'bool'];
  for (const dtype of dtypes) {
    const tensor = tensorOf(dtype, [3, 1], [0, 1, 1]);
    expect(readTensor(writeTensor(tensor, 'x'))).toEqual(tensor);
  }
});

test('typed fields are read like raw data', () => {
  const cases: readonly (readonly [onnx.ITensorProto, Tensor])[] = [
    [{ dataType: 1, dims: [2], floatData: [1.5, -2] }, tensorOf('f32', [2], [1.5, -2])],
    [{ dataType: 11, dims: [1], doubleData: [0.1] }, tensorOf('f64', [1], [0.1])],
    [{ dataType: 7, dims: [2], int64Data: [-1, 2 ** 40] }, tensorOf('i64', [2], [-1, 2 ** 40])],
    [{ dataType: 13, dims: [1], uint64Data: [2 ** 40] }, tensorOf('u64', [1], [2 ** 40])],
    [{ dataType: 12, dims: [1], uint64Data: [2 ** 32 - 1] }, tensorOf('u32', [1], [2 ** 32 - 1])],
    [{ dataType: 3, dims: [2], int32Data: [-128, 127] }, tensorOf('i8', [2], [-128, 127])],
    [{ dataType: 9, dims: [2], int32Data: [1, 0] }, tensorOf('bool', [2], [1, 0])],
    // One half, as its bits.
    [
      { dataType: 10, dims: [1], int32Data: [0x3800] },
      { dtype: 'f16', shape: [1], data: Uint16Array.from([0x3800]) },
    ],
    [{ dataType: 1, dims: [0, 4] }, tensorOf('f32', [0, 4], [])],
  ];
  for (const [proto, want] of cases) expect(readTensor(encode(proto))).toEqual(want);
});

test('an initializer in another file is refused by name, whatever its path', () => {
  const external = {
    name: 'w',
    dataType: 1,
    dims: [4],
    dataLocation: 1,
    externalData: [{ key: 'location', value: '../../etc/passwd' }],
  };
  expect(() => readModel(modelWith(external))).toThrow(expect.objectContaining({ code: 'external-data' }));
  expect(() => readModel(modelWith(external))).toThrow('initializer "w" keeps its data in another file');
});

test('data that do not fill the shape are refused with both sizes', () => {
  const raw = { name: 'w', dataType: 1, dims: [2, 3], rawData: new Uint8Array(20) };
  expect(() => readModel(modelWith(raw))).toThrow('initializer "w" of shape [2,3] wants 24 bytes, got 20');
  expect(() => readTensor(encode({ dataType: 1, dims: [2], floatData: [1] }))).toThrow('wants 2 elements, got 1');
});

test('shapes that overflow, are negative or too deep are refused before memory is asked for', () => {
  const refused = (dims: number[]) => () => readTensor(encode({ dataType: 1, dims, rawData: new Uint8Array(4) }));
  expect(refused([2 ** 31, 2 ** 32])).toThrow('has more than 2147483647 elements');
  expect(refused([-1])).toThrow('has the extent -1');
  expect(refused(new Array<number>(33).fill(1))).toThrow('has rank 33, more than 32');
});

test('strings, complex and unknown element types are refused by name', () => {
  expect(() => readTensor(encode({ name: 's', dataType: 8, dims: [1], stringData: [new Uint8Array(1)] }))).toThrow(
    'tensor "s" has elements of type string',
  );
  expect(() => readTensor(encode({ dataType: 99, dims: [1] }))).toThrow('type number 99');
});

test('two initializers of one name, and names that are not UTF-8 or endless, are refused', () => {
  const graph = (name: string) => ({
    graph: { initializer: [1, 2].map(() => ({ name, dataType: 1, dims: [1], floatData: [0] })) },
  });
  const encoded = (name: string) => onnx.ModelProto.encode(graph(name)).finish();
  expect(() => readModel(encoded('w'))).toThrow('two initializers are named "w"');
  expect(() => readModel(encoded('x'.repeat(5000)))).toThrow('has 5000 characters, more than 4096');
  const broken = encoded('w').map((byte) => (byte === 'w'.charCodeAt(0) ? 0xff : byte));
  expect(() => readModel(broken)).toThrow('is not UTF-8');
});

test('quoted text cannot act on a terminal or a log', () => {
  expect(quote('a\n\u001b[2J\u009b"\u2028')).toBe('"a\\n\\u001b[2J\\u009b\\"\\u2028"');
  expect(quote('x'.repeat(500)).length).toBeLessThan(210);
});
