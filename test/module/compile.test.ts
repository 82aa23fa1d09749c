// Compiles of small graphs: everything a graph can be at its edges runs as its reference evaluation says, and what cannot run is
// refused by name.

import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Dtype, type Shape, type Tensor, tensorOf } from '../../runtime/core/tensor.js';
import { GraphBuilder } from '../../runtime/graph/builder.js';
import { evaluate } from '../../runtime/graph/evaluate.js';
import type { Graph } from '../../runtime/graph/graph.js';
import { errorOf } from '../../runtime/module/compare.js';
import { layOut } from '../../runtime/module/compile.js';
import { imageGraph } from '../../runtime/module/image.js';
import type { ImageInput } from '../../runtime/module/manifest.js';
import { openSession } from '../../runtime/module/session.js';
import { compileGraph, makeScratch, numbers, oneNode, smallImage, smallNetwork } from './networks.js';

const scratch = makeScratch();
let count = 0;

function fresh(): string {
  return join(scratch, `module${count++}`);
}

/** Compiles a graph and compares a run with the reference. */
async function expectRight(graph: Graph, feeds: ReadonlyMap<string, Tensor>): Promise<void> {
  const folder = fresh();
  const { manifest } = await compileGraph(folder, graph);
  expect(manifest.selfCheck.passed).toBe(true);
  const session = await openSession(folder, { threads: 2 });
  const got = await session.runTensors(feeds);
  const want = evaluate(graph, feeds);
  expect([...got.keys()]).toEqual(graph.outputs.map(({ name }) => name));
  for (const [name, output] of got) {
    expect([name, output.dtype, output.shape]).toEqual([name, want.get(name)?.dtype, want.get(name)?.shape]);
    expect(errorOf(output, want.get(name))).toBeLessThan(1e-5);
  }
  session.close();
}

test('a small network computes what its reference says', async () => {
  await expectRight(smallNetwork(), new Map([['image', numbers([1, 3, 8, 8], 5)]]));
});

describe('the edges of a graph', () => {
  test('outputs may be inputs, constants, and the same value twice', async () => {
    const builder = new GraphBuilder();
    const x = builder.addInput('x', { dtype: 'f32', shape: [1, 2, 3, 4] });
    const flat = builder.addInput('flat', { dtype: 'f32', shape: [5] });
    const plane = builder.addConstant('plane', numbers([1, 2, 2, 2]));
    const row = builder.addConstant('row', numbers([3]));
    const y = builder.addOne('relu', [x]);
    for (const [name, value] of Object.entries({ x, flat, plane, row, first: y, second: y })) builder.output(name, value);
    const feeds = new Map([
      ['x', numbers([1, 2, 3, 4])],
      ['flat', numbers([5])],
    ]);
    await expectRight(builder.build(), feeds);
  });

  test('a graph without a node passes its input on', async () => {
    const builder = new GraphBuilder();
    builder.output('y', builder.addInput('x', { dtype: 'f32', shape: [3] }));
    await expectRight(builder.build(), new Map([['x', numbers([3])]]));
  });

  test.each<Shape>([[], [7], [3, 5], [2, 3, 4], [1, 2, 3, 4, 5]])('inputs and outputs of shape [%p …]', async (...shape) => {
    await expectRight(oneNode('tanh', numbers(shape)), new Map([['x', numbers(shape)]]));
  });

  test('a reduction to a scalar', async () => {
    const x = numbers([3, 4]);
    await expectRight(oneNode('reduce-sum', x, { axes: [0, 1], keepDims: false } as never), new Map([['x', x]]));
  });

  test.each<Dtype>(['i64', 'i32', 'u8', 'bool'])('inputs and outputs of %s', async (dtype) => {
    const builder = new GraphBuilder();
    const x = builder.addInput('x', { dtype, shape: [1, 3, 5] });
    const y = builder.addInput('y', { dtype, shape: [1, 3, 5] });
    builder.output('equal', builder.addOne('equal', [x, y]));
    builder.output('float', builder.addOne('cast', [x], { to: 'f32' }));
    builder.output('parts', builder.addOne('concat', [x, y], { axis: 1 }));
    builder.output('same', y);
    const values = (step: number) =>
      tensorOf(
        dtype,
        [1, 3, 5],
        Array.from({ length: 15 }, (_, i) => (i * step) % 2),
      );
    const feeds = new Map([
      ['x', values(1)],
      ['y', values(3)],
    ]);
    await expectRight(builder.build(), feeds);
  });

  test('an output of indices', async () => {
    const x = numbers([2, 9]);
    const graph = oneNode('arg-max', x, { axis: 1, keepDims: false, selectLast: false } as never);
    await expectRight(graph, new Map([['x', x]]));
  });
});

describe('pictures', () => {
  test.each<Partial<ImageInput>>([{}, { colors: 'rgb', mean: [0, 0, 0], std: [255, 255, 255] }])(
    'the plans for pictures compute what the tensor of the picture does: %j',
    async (change) => {
      const image = { ...smallImage, ...change };
      const folder = fresh();
      const graph = smallNetwork();
      await compileGraph(folder, graph, { spec: { task: 'classify', labels: ['a', 'b'], image } });
      const session = await openSession(folder);
      const pixels = Uint8Array.from({ length: 192 }, (_, i) => (i * 37) % 256);
      const got = await session.runPixels(pixels);
      const picture: Tensor = { dtype: 'u8', shape: [1, 8, 8, 3], data: pixels };
      const tensor = evaluate(imageGraph(image), new Map([['pixels', picture]])).get('tensor') as Tensor;
      const want = evaluate(graph, new Map([['image', tensor]])).get('scores');
      expect(errorOf(got.get('scores'), want)).toBeLessThan(1e-5);
      const fine = Uint16Array.from({ length: 192 }, (_, i) => (i * 9973) % 65_281);
      const finePicture: Tensor = { dtype: 'u16', shape: [1, 8, 8, 3], data: fine };
      const fineTensor = evaluate(imageGraph(image, 'u16'), new Map([['pixels', finePicture]])).get('tensor') as Tensor;
      const fineWant = evaluate(graph, new Map([['image', fineTensor]])).get('scores');
      expect(errorOf((await session.runPixels(fine)).get('scores'), fineWant)).toBeLessThan(1e-5);
      await expect(session.runPixels(pixels.subarray(1))).rejects.toMatchObject({ code: 'input-mismatch' });
      session.close();
    },
  );

  test('grey, channels last', async () => {
    const builder = new GraphBuilder();
    const x = builder.addInput('image', { dtype: 'f32', shape: [1, 8, 8, 1] });
    builder.output('y', builder.addOne('relu', [x]));
    const image: ImageInput = { ...smallImage, colors: 'gray', mean: [128], std: [2], channelsLast: true };
    const folder = fresh();
    await compileGraph(folder, builder.build(), { spec: { task: 'other', labels: [], image } });
    const session = await openSession(folder);
    const got = await session.runPixels(new Uint8Array(192).fill(200));
    expect(got.get('y')?.data[63]).toBeCloseTo(36, 3);
    session.close();
  });

  test('a picture beside other inputs is refused', async () => {
    const builder = new GraphBuilder();
    const x = builder.addInput('image', { dtype: 'f32', shape: [1, 3, 8, 8] });
    const scale = builder.addInput('scale', { dtype: 'f32', shape: [] });
    builder.output('y', builder.addOne('mul', [x, scale]));
    const compiled = compileGraph(fresh(), builder.build(), { spec: { task: 'other', labels: [], image: smallImage } });
    await expect(compiled).rejects.toMatchObject({ code: 'image-input' });
  });
});

describe('what cannot run is refused', () => {
  test('values without elements', async () => {
    const compiled = compileGraph(fresh(), oneNode('relu', numbers([2, 0])));
    await expect(compiled).rejects.toThrow('"x" is f32[2,0], which has no elements');
  });

  test('half precision', async () => {
    const compiled = compileGraph(fresh(), oneNode('relu', tensorOf('f16', [2], [0, 0])));
    await expect(compiled).rejects.toMatchObject({ code: 'dtype-unsupported' });
  });

  test('a folder that has something in it stays as it is', async () => {
    const folder = fresh();
    mkdirSync(folder);
    writeFileSync(join(folder, 'mine.txt'), 'mine');
    await expect(compileGraph(folder, smallNetwork())).rejects.toMatchObject({ code: 'folder-not-empty' });
    expect(readdirSync(folder)).toEqual(['mine.txt']);
  });
});

describe('a wrong module', () => {
  /** An optimiser that gets one weight of the convolution `body` wrong. */
  const faulty: typeof layOut = (plain, device) => {
    const graph = layOut(plain, device);
    const [, name = ''] = graph.nodes.find(({ outputs }) => outputs.includes('body.relu'))?.inputs ?? [];
    const weights = graph.constants.get(name) as Tensor;
    const data = Float32Array.from(weights.data as Float32Array);
    data[7] = (data[7] ?? 0) + 0.5;
    return { ...graph, constants: new Map([...graph.constants, [name, { ...weights, data }]]) };
  };

  test('is not installed, and the report names the first layer that differs', async () => {
    const folder = fresh();
    const compiled = compileGraph(folder, smallNetwork(), {}, faulty);
    await expect(compiled).rejects.toMatchObject({
      code: 'self-check-failed',
      message: expect.stringContaining('the first value that differs is "body.relu" of '),
      details: { firstDifference: { value: 'body.relu', operators: expect.stringMatching(/\+relu$/) } },
    });
    expect(existsSync(folder)).toBe(false);
    expect(readdirSync(scratch).filter((name) => name.startsWith(`module${count - 1}`))).toEqual([]);
  });
});
