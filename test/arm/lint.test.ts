// What gcc makes of the hot loops of networks: accumulators stay in registers, operands are read where they are used. Speed itself
// can only be measured on a board; code that fails here is slow on every one.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Graph } from '../../runtime/graph/graph.js';
import { layOut } from '../../runtime/module/compile.js';
import { objectFile } from '../../runtime/module/files.js';
import { vectorLoops } from './assembly.js';
import { type ArmBoard, armBoards } from './boards.js';
import { buildFor } from './module.js';
import { Sketch } from './networks.js';
import { crossCompiler, disassembler, hasTools } from './tools.js';

jest.setTimeout(300_000);

/** Hot are loops with at least as many multiply-adds as a core has under way. */
const hotMin = 16;
/** Loads for each multiply-add: a core starts at least one of each in a cycle. */
const loadsMax = 0.8;

/** Layers as MobileNetV2, ResNet and YOLO have them, in a chain, so that all but the first read blocks of channels. */
function layers(): Graph {
  const sketch = new Sketch();
  const step = (x: string, ...shape: Parameters<Sketch['conv']> extends [string, ...infer Rest] ? Rest : never) =>
    sketch.one('relu', [sketch.conv(x, ...shape)]);
  let x = sketch.builder.addInput('x', { dtype: 'f32', shape: [1, 3, 112, 112] });
  x = step(x, 32, 7, { stride: 2 });
  x = step(x, 64, 3, { stride: 2 });
  x = step(x, 64, 3);
  x = step(x, 144, 1);
  x = step(x, 144, 3, { group: 144 });
  x = step(x, 24, 1);
  x = step(x, 24, 5);
  x = step(x, 96, 1);
  x = step(x, 96, 3, { group: 96, stride: 2 });
  x = step(x, 64, 1);
  const pooled = sketch.one('reduce-mean', [x], { axes: [2, 3], keepDims: false });
  sketch.builder.output('y', pooled);
  return sketch.builder.build();
}

if (hasTools(crossCompiler, disassembler)) describe.each(armBoards())('$name', lint);
else test.skip('the cross compiler for arm64 is missing: skipped', () => undefined);

function lint(board: ArmBoard): void {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'onbox-lint-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('the loops of convolutions and of Winograd products keep their registers', async () => {
    const module = join(folder, 'module');
    const { built } = await buildFor(board, module, layOut(layers(), board.device));
    const loops = await vectorLoops(join(module, objectFile));
    const hot = built.parts.infos.flatMap(({ title }, i) => {
      if (!/^(conv|winograd-multiply)/.test(title)) return [];
      return (loops.get(`k${i}`) ?? []).map((loop) => ({ kernel: `k${i} ${title}`, ...loop }));
    });
    expect(hot.map(({ kernel }) => kernel)).toEqual(expect.arrayContaining([expect.stringMatching('winograd-multiply')]));
    expect(hot.filter(({ multiplyAdds }) => multiplyAdds >= hotMin).length).toBeGreaterThanOrEqual(8);
    expect(hot.filter(({ spills, spreads }) => spills + spreads > 0)).toEqual([]);
    expect(hot.filter(({ multiplyAdds, loads }) => multiplyAdds >= hotMin && loads > multiplyAdds * loadsMax)).toEqual([]);
  });
}
