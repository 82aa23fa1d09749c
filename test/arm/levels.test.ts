// Modules that compute in bytes, on emulated boards with and without dot products, held against the reference evaluation: exact.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { evaluate } from '../../runtime/graph/evaluate.js';
import { layOut } from '../../runtime/module/compile.js';
import { makeSample } from '../../runtime/module/sample.js';
import { quantisedNetwork } from '../graph/passes/quantised.js';
import { armBoards } from './boards.js';
import { buildDriver } from './emulator.js';
import { buildFor, runModule } from './module.js';
import { crossCompiler, crossCompilerCxx, emulator, hasTools } from './tools.js';

jest.setTimeout(300_000);

if (hasTools(crossCompiler, crossCompilerCxx, emulator)) describeBoards();
else test.skip('the cross compiler for arm64 or its emulator is missing: skipped', () => undefined);

function describeBoards(): void {
  let folder: string;
  let driver: Promise<string>;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'onbox-levels-'));
    driver = buildDriver(folder);
    return driver;
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('one board has dot products of bytes, the other has not', () => {
    expect(armBoards().map(({ device }) => device.hasDotProduct)).toEqual([false, true]);
  });

  test.each(armBoards())('$name: every sum is the same number', async (board) => {
    const plain = quantisedNetwork();
    const module = await buildFor(board, join(folder, board.name), layOut(plain, board.device));
    const { tensors } = makeSample(module.runnable.inputs, undefined);
    const [got] = await runModule(await driver, module, tensors, []);
    expect(got?.get('y')?.data).toEqual(evaluate(plain, tensors).get('y')?.data);
  });
}
