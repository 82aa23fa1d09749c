// Import: symbolic shapes, folded shape arithmetic, unsupported operators, and models that are refused.

import { errorCode, type OnboxError } from '../../runtime/core/error.js';
import { type Tensor, tensorOf } from '../../runtime/core/tensor.js';
import { importModel, unsupported } from '../../runtime/onnx/import.js';
import { readModel } from '../../runtime/onnx/read.js';
import { type ModelSketch, type NodeSketch, writeOnnx } from '../support/onnx-writer.js';
import { f32, i64, importNode, importSketch, only, shapeOf } from './sketches.js';

function thrown(action: () => unknown): OnboxError {
  try {
    action();
  } catch (error) {
    return error as OnboxError;
  }
  throw new Error('nothing was thrown');
}

describe('dimensions', () => {
  const relu = (dims: readonly (number | string)[]): ModelSketch => ({
    inputs: [{ name: 'x', dims }],
    outputs: ['y'],
    nodes: [{ op: 'Relu', inputs: ['x'], outputs: ['y'] }],
  });

  test('an open first dimension is the batch, 1', () => {
    expect(shapeOf(importSketch(relu(['N', 3, 8])))).toEqual([1, 3, 8]);
    expect(shapeOf(importSketch(relu([0, 3, 8])))).toEqual([1, 3, 8]);
    expect(shapeOf(importSketch(relu([-1, 3])))).toEqual([1, 3]);
  });

  test('another open dimension is refused with the option that binds it', () => {
    const error = thrown(() => importSketch(relu(['batch', 3, 'height', 'width'])));
    expect(error.code).toBe('dimension-unbound');
    expect(error.message).toBe('dimension "height" (axis 2) of input "x" is open; give --input "x"=1x3xNxN');
  });

  test('given shapes bind what is open and must agree with what is fixed', () => {
    expect(shapeOf(importSketch(relu(['N', 3, 'h', 'w']), { x: [2, 3, 4, 5] }))).toEqual([2, 3, 4, 5]);
    expect(() => importSketch(relu(['N', 3]), { x: [1, 4] })).toThrow('has extent 3 at axis 1, the given shape says 4');
    expect(() => importSketch(relu(['N', 3]), { x: [1, 3, 1] })).toThrow('has rank 2, the given shape 1x3x1 has 3');
    expect(() => importSketch(relu(['N', 3]), { z: [1] })).toThrow('the model has no input "z"; its inputs are "x"');
    expect(() => importSketch(relu(['N', 'c']), { x: [1, -4] })).toThrow('cannot have the shape 1x-4');
    expect(() => importSketch(relu(['N', 'c']), { x: [2 ** 20, 2 ** 20] })).toThrow('cannot have the shape');
  });

  test('an input without a shape takes the given one', () => {
    const sketch: ModelSketch = { ...relu([]), inputs: [{ name: 'x' }] };
    expect(shapeOf(importSketch(sketch, { x: [2, 2] }))).toEqual([2, 2]);
    expect(() => importSketch(sketch)).toThrow('its shape of input "x" is open');
  });
});

describe('value propagation', () => {
  test('Shape → Gather → Unsqueeze → Concat → Reshape ends as a reshape with numbers', () => {
    const graph = importSketch({
      inputs: [{ name: 'x', dims: ['batch', 3, 4] }],
      outputs: ['y'],
      nodes: [
        { op: 'Shape', inputs: ['x'], outputs: ['shape'] },
        { op: 'Gather', inputs: ['shape', 'zero'], outputs: ['n'] },
        { op: 'Unsqueeze', inputs: ['n', 'axes'], outputs: ['n1'] },
        { op: 'Concat', inputs: ['n1', 'rest'], outputs: ['target'], attributes: { axis: 0 } },
        { op: 'Reshape', inputs: ['x', 'target'], outputs: ['y'] },
      ],
      initializers: { zero: tensorOf('i64', [], [0]), axes: i64(0), rest: i64(-1) },
    });
    expect(only(graph)).toEqual({ op: 'reshape', shape: [1, 12] });
    expect(graph.constants.size).toBe(0);
  });

  test('values keep the names of the model, folded ones too', () => {
    const graph = importSketch({
      inputs: [{ name: 'x', dims: [1, 2] }],
      outputs: ['out', 'two'],
      nodes: [
        { op: 'Constant', inputs: [], outputs: ['one'], attributes: { value: f32(1, 1) } },
        { op: 'Add', inputs: ['one', 'one'], outputs: ['two'] },
        { op: 'Identity', inputs: ['x'], outputs: ['same'] },
        { op: 'Mul', inputs: ['same', 'two'], outputs: ['out'] },
      ],
    });
    expect(graph.nodes).toEqual([{ op: 'mul', inputs: ['x', 'two'], outputs: ['out'], attributes: {} }]);
    expect(graph.constants).toEqual(new Map([['two', f32(2, 2)]]));
    expect(graph.outputs).toEqual([
      { name: 'out', value: 'out' },
      { name: 'two', value: 'two' },
    ]);
  });

  test('invented names begin with the node and never meet a name of the model', () => {
    const graph = importSketch({
      inputs: [{ name: 'x', dims: [1, 2, 8] }],
      outputs: ['y', 'first/reshape'],
      nodes: [
        { op: 'MaxPool', name: 'first', inputs: ['x'], outputs: ['y'], attributes: { kernel_shape: [2] } },
        { op: 'Relu', inputs: ['y'], outputs: ['first/reshape'] },
      ],
    });
    expect(graph.nodes.map((node) => node.outputs[0])).toEqual(['first/reshape.1', 'first/max-pool', 'y', 'first/reshape']);
  });

  test.each([
    ['Expand', { shape: i64(2 ** 20, 2 ** 20) }, ['one', 'shape']],
    ['Tile', { shape: i64(2 ** 27) }, ['one', 'shape']],
    ['ConstantOfShape', { shape: i64(2 ** 40) }, ['shape']],
    [
      'Range',
      { shape: tensorOf('i64', [], [2 ** 40]), zero: tensorOf('i64', [], [0]), step: tensorOf('i64', [], [1]) },
      ['zero', 'shape', 'step'],
    ],
  ])('a bomb of %s is refused before memory is asked for', (op, initializers, inputs) => {
    const error = thrown(() =>
      importNode({ op, inputs }, [1], { initializers: { one: f32(1), ...initializers } as Record<string, Tensor> }),
    );
    expect(['fold-too-large', 'op-invalid']).toContain(errorCode(error));
    expect(error.message).toContain(op);
  });
});

describe('refusals', () => {
  test('operators that onbox lacks are all listed, with where they stand', () => {
    const model = readModel(
      writeOnnx({
        inputs: [{ name: 'x', dims: [1] }],
        outputs: ['b'],
        nodes: [
          { op: 'If', name: 'branch', inputs: ['x'], outputs: ['a'] },
          { op: 'Fancy', domain: 'com.example', inputs: ['a'], outputs: ['b'] },
          { op: 'If', inputs: ['x'], outputs: ['c'] },
          { op: 'toString', inputs: ['x'], outputs: ['d'] },
        ],
      }),
    );
    expect(unsupported(model)).toEqual([
      { op: 'If', domain: '', nodes: ['branch', 'c'] },
      { op: 'Fancy', domain: 'com.example', nodes: ['b'] },
      { op: 'toString', domain: '', nodes: ['d'] },
    ]);
    const error = thrown(() => importModel(model));
    expect(error.code).toBe('unsupported-operators');
    expect(error.message).toBe(
      'operators that onbox lacks: If (2: "branch", "c"); com.example.Fancy (1: "b"); toString (1: "d")',
    );
    expect(error.details).toEqual({
      operators: [
        { op: 'If', domain: '', count: 2, nodes: ['branch', 'c'] },
        { op: 'Fancy', domain: 'com.example', count: 1, nodes: ['b'] },
        { op: 'toString', domain: '', count: 1, nodes: ['d'] },
      ],
    });
  });

  test('a cycle, a missing value and a name used twice are refused', () => {
    const sketch = (nodes: readonly NodeSketch[]): ModelSketch => ({
      inputs: [{ name: 'x', dims: [1] }],
      outputs: ['y'],
      nodes,
    });
    const add = (inputs: readonly string[], output: string): NodeSketch => ({ op: 'Add', inputs, outputs: [output] });
    expect(() => importSketch(sketch([add(['x', 'y'], 'y')]))).toThrow('Add "y" reads "y", which nothing before it computes');
    expect(() => importSketch(sketch([add(['x', 'x'], 'x')]))).toThrow('two values are named "x"');
    expect(() => importSketch(sketch([]))).toThrow('nothing computes the output "y"');
  });

  test('opsets before 7 are refused, unless nothing in the model has changed since, and so is a future one', () => {
    expect(importNode({ op: 'Relu' }, [1], { opset: 1 }).nodes).toHaveLength(1);
    expect(() => importNode({ op: 'Add', inputs: ['x', 'x'] }, [1], { opset: 6 })).toThrow(
      'the model uses opset 6; opsets 7 to 25 are supported',
    );
    expect(() => importNode({ op: 'Relu' }, [1], { opset: 99 })).toThrow('opset 99');
  });

  test('what an operator refuses names the node', () => {
    const error = thrown(() =>
      importNode({ op: 'Reshape', name: 'flat', inputs: ['x', 's'] }, [2, 3], { initializers: { s: i64(4) } }),
    );
    expect(error.code).toBe('op-invalid');
    expect(error.message).toMatch(/^Reshape "flat": /);
  });

  test('parameters of a wrong type or size end in an OnboxError', () => {
    const scalar = (value: number) => tensorOf('f32', [], [value]);
    const hostile: readonly (() => unknown)[] = [
      () => importNode({ op: 'ConstantOfShape', inputs: ['s'] }, [1], { initializers: { s: f32(1.5) } }),
      () => importNode({ op: 'Split', attributes: { num_outputs: 2 ** 40 } }, [4], { opset: 18 }),
      () =>
        importNode({ op: 'Range', inputs: ['a', 'b', 'c'] }, [1], {
          initializers: { a: scalar(0), b: scalar(1), c: scalar(0) },
        }),
      () => importNode({ op: 'Transpose', attributes: { perm: [0, 0] } }, [2, 2]),
      () => importNode({ op: 'Concat', attributes: { axis: 'x' } }, [2]),
      () => importNode({ op: 'Squeeze', attributes: { axes: [2 ** 40] } }, [1], { opset: 11 }),
      () => importNode({ op: 'Unsqueeze', attributes: { axes: [0, 0] } }, [1], { opset: 11 }),
      () => importNode({ op: 'MaxPool', attributes: { kernel_shape: [2 ** 40] } }, [1, 1, 4]),
      () => importNode({ op: 'Resize', inputs: ['x', '', 's'] }, [2], { initializers: { s: f32(1e30) } }),
      () =>
        importNode({ op: 'GroupNormalization', inputs: ['x', 'x', 'x'], attributes: { num_groups: 0 } }, [1, 2], { opset: 21 }),
    ];
    for (const attempt of hostile) expect(errorCode(thrown(attempt))).not.toBe('internal');
  });

  test('a shape that depends on data is refused', () => {
    const graph = () =>
      importSketch({
        inputs: [
          { name: 'x', dims: [4] },
          { name: 's', dtype: 'i64', dims: [1] },
        ],
        outputs: ['y'],
        nodes: [{ op: 'Reshape', inputs: ['x', 's'], outputs: ['y'] }],
      });
    expect(graph).toThrow('Reshape "y": its shape, "s", depends on the input\'s data, so the dimensions of "y" are not known');
  });
});
