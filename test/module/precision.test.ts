// Modules in halves: what they cost is measured, and what costs too much is float32 again.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { tensorOf } from '../../runtime/core/tensor.js';
import { GraphBuilder } from '../../runtime/graph/builder.js';
import { evaluate } from '../../runtime/graph/evaluate.js';
import type { Graph } from '../../runtime/graph/graph.js';
import { errorOf } from '../../runtime/module/compare.js';
import { manifestFile } from '../../runtime/module/files.js';
import { openSession } from '../../runtime/module/session.js';
import { keepPoclCache, openclProbe } from '../support/opencl.js';
import { compileGraph, makeScratch, numbers, smallImage, smallNetwork } from './networks.js';

keepPoclCache();

const scratch = makeScratch();
const storage = { precision: 'fp16-storage' } as const;
/** Three roundings to 11 bits. */
const errorMax = 2e-3;

test('a network in halves is smaller, answers nearly the same, and says what that cost', async () => {
  const spec = { task: 'classify', labels: [], image: smallImage } as const;
  const whole = await compileGraph(join(scratch, 'whole'), smallNetwork(), { spec, exact: true });
  const { folder, manifest } = await compileGraph(join(scratch, 'halves'), smallNetwork(), { spec, exact: true, ...storage });
  expect(manifest.precision).toMatchObject({ precision: 'fp16-storage', float32: [], sameClass: true });
  expect(manifest.precision?.layers).toBeGreaterThan(3);
  expect(manifest.precision?.maxRelativeError).toBeLessThan(errorMax);
  expect(manifest.precision?.cosine).toBeGreaterThan(0.99999);
  expect(manifest.weightBytes).toBeLessThan(whole.manifest.weightBytes * 0.6);
  expect(manifest.arenaBytes).toBeLessThan(whole.manifest.arenaBytes);
  const session = await openSession(folder, { threads: 2 });
  const feeds = new Map([['image', numbers([1, 3, 8, 8], 5)]]);
  const error = errorOf((await session.runTensors(feeds)).get('scores'), evaluate(smallNetwork(), feeds).get('scores'));
  session.close();
  expect(error).toBeGreaterThan(0);
  expect(error).toBeLessThan(errorMax);
  expect(JSON.parse(readFileSync(join(folder, manifestFile), 'utf8')).precision).toEqual(manifest.precision);
});

test('on an OpenCL device halves are stored, and computed with only where the device can', async () => {
  const request = { exact: true, target: 'opencl', probe: openclProbe, precision: 'fp16' } as const;
  const { manifest } = await compileGraph(join(scratch, 'opencl'), smallNetwork(), request);
  expect(manifest.opencl).toBeDefined();
  expect(manifest.precision).toMatchObject({ precision: 'fp16', narrow: 0, float32: [] });
  expect(manifest.precision?.layers).toBeGreaterThan(3);
  expect(manifest.precision?.maxRelativeError).toBeGreaterThan(0);
  expect(manifest.precision?.maxRelativeError).toBeLessThan(errorMax);
}, 600_000);

/** Two chains of layers side by side, one of which passes through numbers beyond the largest half. */
function overflowing(): Graph {
  const builder = new GraphBuilder();
  const convolve = (x: string, name: string, factor: number) => {
    const weights = numbers([8, 8, 3, 3], 3);
    const data = Float32Array.from(weights.data as Float32Array, (value) => value * factor);
    const attributes = { group: 1, strides: [1, 1], pads: [1, 1, 1, 1], dilations: [1, 1] };
    return builder.addOne('conv', [x, builder.addConstant(`${name}.w`, { ...weights, data })], attributes, name);
  };
  const x = builder.addInput('x', { dtype: 'f32', shape: [1, 8, 6, 6] });
  const large = convolve(convolve(convolve(x, 'grow', 1000), 'huge', 1000), 'shrink', 1e-6);
  builder.output('large', builder.addOne('tanh', [large], {}, 'bounded'));
  builder.output('usual', convolve(convolve(convolve(x, 'a', 0.1), 'b', 0.1), 'c', 0.1));
  return builder.build();
}

test('a layer whose numbers no half can hold falls back to float32, and is named', async () => {
  const { manifest } = await compileGraph(join(scratch, 'overflow'), overflowing(), storage);
  expect(manifest.precision?.float32.map(({ value }) => value)).toContain('huge');
  expect(manifest.precision?.layers).toBeGreaterThan(0);
  expect(manifest.selfCheck.passed).toBe(true);
  expect(manifest.precision?.maxRelativeError).toBeLessThan(1e-2);
});

test('where only float32 will do, everything is float32', async () => {
  const builder = new GraphBuilder();
  const x = builder.addInput('x', { dtype: 'f32', shape: [1, 4, 5, 5] });
  const factor = builder.addConstant('factor', tensorOf('f32', [], [1e4]));
  builder.output('y', builder.addOne('sin', [builder.addOne('mul', [x, factor])]));
  const { manifest } = await compileGraph(join(scratch, 'wide'), builder.build(), storage);
  expect(manifest.precision).toMatchObject({ layers: 0, float32: expect.arrayContaining([{ value: 'x', operators: 'copy' }]) });
  expect(manifest.selfCheck.maxRelativeError).toBeLessThan(1e-6);
});
