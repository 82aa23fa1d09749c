// Whole modules on emulated boards: compiled by the compiler's own stages for RK3399 and RK3588, run by the addon's own session, held
// against the reference evaluation of the graph as it was before any pass.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Tensor } from '../../runtime/core/tensor.js';
import { evaluate } from '../../runtime/graph/evaluate.js';
import type { Graph } from '../../runtime/graph/graph.js';
import { fuse } from '../../runtime/graph/passes/fuse.js';
import { optimize } from '../../runtime/graph/passes/index.js';
import { chooseLayouts } from '../../runtime/graph/passes/layout.js';
import { useWinograd } from '../../runtime/graph/passes/winograd.js';
import { verify } from '../../runtime/graph/verify.js';
import { errorOf } from '../../runtime/module/compare.js';
import { layOut } from '../../runtime/module/compile.js';
import type { ImageInput } from '../../runtime/module/manifest.js';
import { makeSample } from '../../runtime/module/sample.js';
import { importModel } from '../../runtime/onnx/import.js';
import { readModel } from '../../runtime/onnx/read.js';
import { smallImage } from '../module/networks.js';
import { sharedData } from '../support/data.js';
import { type ArmBoard, armBoards } from './boards.js';
import { buildDriver } from './emulator.js';
import { buildFor, machineOf, runModule } from './module.js';
import { operators, residualNetwork, winogradNetwork } from './networks.js';
import { crossCompiler, crossCompilerCxx, emulator, hasTools } from './tools.js';

/** Of an output's largest magnitude. */
const errorMax = 1e-4;
/** Two compilers and an emulator; a busy machine takes minutes for what an idle one does in seconds. */
jest.setTimeout(300_000);
const image: ImageInput = { ...smallImage, width: 16, height: 16 };

if (hasTools(crossCompiler, crossCompilerCxx, emulator)) describeBoards();
else test.skip('the cross compiler for arm64 or its emulator is missing: skipped', () => undefined);

function describeBoards(): void {
  let folder: string;
  let driver: Promise<string>;
  let count = 0;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'onbox-arm-'));
    driver = buildDriver(folder);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** What is wrong with the outputs of a module on a board, in words. */
  async function faultsOn(board: ArmBoard, plain: Graph, graph: Graph, picture?: ImageInput): Promise<string[]> {
    const module = await buildFor(board, join(folder, `module${count++}`), graph, picture);
    const sample = makeSample(module.runnable.inputs, picture);
    const runs = await runModule(await driver, module, sample.tensors, sample.pictures);
    const want = evaluate(plain, sample.tensors);
    expect(runs).toHaveLength(1 + sample.pictures.length);
    return runs.flatMap((got, plan) => faultsOf(got, want, plan));
  }

  function faultsOf(got: ReadonlyMap<string, Tensor>, want: ReadonlyMap<string, Tensor>, plan: number): string[] {
    return [...want].flatMap(([name, tensor]) => {
      const error = errorOf(got.get(name), tensor);
      return error <= errorMax ? [] : [`${name} of plan ${plan} is off by ${error}`];
    });
  }

  describe.each(armBoards())('$name', (board) => {
    test('every kind of kernel computes what the reference does', async () => {
      const plain = operators();
      expect(await faultsOn(board, plain, layOut(plain, board.device))).toEqual([]);
    });

    test('Winograd of every size computes what the convolution does', async () => {
      const plain = winogradNetwork();
      for (const tile of [2, 4, 6] as const) {
        const stated = verify(fuse(useWinograd(optimize(plain), () => tile)));
        expect(stated.nodes.map(({ op }) => op)).toContain('winograd-multiply');
        const graph = verify(chooseLayouts(stated, machineOf(board.device).lanes));
        expect(await faultsOn(board, plain, graph)).toEqual([]);
      }
    });

    test('a residual network answers a tensor and a picture alike', async () => {
      const plain = residualNetwork();
      expect(await faultsOn(board, plain, layOut(plain, board.device), image)).toEqual([]);
    });

    const path = sharedData('models', 'mnist.onnx');
    if (path === undefined) test.skip('shared data is missing: skipped', () => undefined);
    else {
      test('MNIST as its authors trained it computes what the reference does', async () => {
        const plain = importModel(readModel(readFileSync(path)), {});
        expect(await faultsOn(board, plain, layOut(plain, board.device))).toEqual([]);
      });
    }
  });
}
