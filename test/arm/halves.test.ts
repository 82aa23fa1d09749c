// Modules that store and compute in halves, on emulated boards, held against the reference evaluation in float32.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { halfLanes } from '../../runtime/codegen/c.js';
import { evaluate } from '../../runtime/graph/evaluate.js';
import type { Graph } from '../../runtime/graph/graph.js';
import { fuse } from '../../runtime/graph/passes/fuse.js';
import { storeHalves } from '../../runtime/graph/passes/halves.js';
import { optimize } from '../../runtime/graph/passes/index.js';
import { chooseLayouts } from '../../runtime/graph/passes/layout.js';
import { verify } from '../../runtime/graph/verify.js';
import { isHosted } from '../../runtime/lower/host.js';
import { errorOf } from '../../runtime/module/compare.js';
import { objectFile } from '../../runtime/module/files.js';
import { makeSample } from '../../runtime/module/sample.js';
import { vectorLoops } from './assembly.js';
import { type ArmBoard, armBoards } from './boards.js';
import { buildDriver } from './emulator.js';
import { buildFor, machineOf, runModule } from './module.js';
import { operators, residualNetwork, Sketch } from './networks.js';
import { crossCompiler, crossCompilerCxx, emulator, hasTools } from './tools.js';

/** Of an output's largest magnitude: a dozen layers of roundings to 11 bits, and sums of hundreds of products in them. */
const errorMax = 1e-2;
jest.setTimeout(300_000);

if (hasTools(crossCompiler, crossCompilerCxx, emulator)) describeBoards();
else test.skip('the cross compiler for arm64 or its emulator is missing: skipped', () => undefined);

function describeBoards(): void {
  let folder: string;
  let driver: Promise<string>;
  let count = 0;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'onbox-halves-'));
    driver = buildDriver(folder);
    return driver;
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  async function faultsOn(board: ArmBoard, plain: Graph, isNarrow: boolean): Promise<string[]> {
    const lanes = isNarrow ? halfLanes(board.device.isa) : machineOf(board.device).lanes;
    const whole = chooseLayouts(fuse(optimize(plain)), lanes);
    const graph = verify(storeHalves(whole, { layers: new Set(), isHosted, isNarrow }));
    expect((graph.narrow?.size ?? 0) > 0).toBe(isNarrow);
    const module = await buildFor(board, join(folder, `module${count++}`), graph);
    const { tensors } = makeSample(module.runnable.inputs, undefined);
    const [got] = await runModule(await driver, module, tensors, []);
    return [...evaluate(plain, tensors)].flatMap(([name, want]) => {
      const error = errorOf(got?.get(name), want);
      return error <= errorMax ? [] : [`${name} is off by ${error}`];
    });
  }

  test.each(armBoards().slice(0, 1))('$name: halves in memory, whose processor cannot compute with them', async (board) => {
    expect(board.device.hasFp16Arithmetic).toBe(false);
    expect(await faultsOn(board, operators(), false)).toEqual([]);
  });

  /** A chain of layers as MobileNetV2, YOLO and ShuffleNet have them. */
  function layers(): Graph {
    const sketch = new Sketch();
    const step = (x: string, ...shape: [number, number, { stride?: number; group?: number }?]) =>
      sketch.one('relu', [sketch.conv(x, ...shape)]);
    let x = sketch.builder.addInput('x', { dtype: 'f32', shape: [1, 3, 56, 56] });
    x = step(x, 32, 3, { stride: 2 });
    x = step(x, 64, 3);
    x = step(x, 144, 1);
    x = step(x, 144, 3, { group: 144 });
    x = step(x, 24, 1);
    // Groups of 34 channels are no whole vectors: these lie pixel by pixel, and the weights are what is spread.
    x = step(x, 136, 1, { stride: 2 });
    x = step(x, 136, 1, { group: 4 });
    x = step(x, 64, 3, { stride: 2 });
    sketch.builder.output('y', sketch.one('reduce-mean', [x], { axes: [2, 3], keepDims: false }));
    return sketch.builder.build();
  }

  const capable = armBoards().filter(({ device }) => device.hasFp16Arithmetic);
  test.each(capable)('$name: every kind of kernel in halves, and a residual network', async (board) => {
    expect(await faultsOn(board, operators(), true)).toEqual([]);
    expect(await faultsOn(board, residualNetwork(), true)).toEqual([]);
  });

  test.each(capable)('$name: loops over products of halves keep their registers and spread nothing', async (board) => {
    const whole = chooseLayouts(fuse(optimize(layers())), halfLanes(board.device.isa));
    const graph = verify(storeHalves(whole, { layers: new Set(), isHosted, isNarrow: true }));
    const { built } = await buildFor(board, join(folder, `module${count++}`), graph);
    const loops = await vectorLoops(join(built.folder, objectFile));
    const hot = built.parts.infos.flatMap(({ title }, i) =>
      title.startsWith('conv') ? (loops.get(`k${i}`) ?? []).map((loop) => ({ kernel: `k${i} ${title}`, ...loop })) : [],
    );
    expect(hot.filter(({ multiplyAdds }) => multiplyAdds >= 16).length).toBeGreaterThanOrEqual(4);
    expect(hot.filter(({ spills, spreads }) => spills + spreads > 0)).toEqual([]);
  });
}
