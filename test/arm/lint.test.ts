// What gcc makes of the hot loops of networks: accumulators stay in registers, operands are read where they are used. Speed itself
// can only be measured on a board; code that fails here is slow on every one.

import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { compileShared } from '../../runtime/device/toolchain.js';
import type { Graph } from '../../runtime/graph/graph.js';
import { layOut } from '../../runtime/module/compile.js';
import { objectFile } from '../../runtime/module/files.js';
import { type VectorLoop, vectorLoops } from './assembly.js';
import { type ArmBoard, armBoards, smallBoards } from './boards.js';
import { buildFor } from './module.js';
import { Sketch } from './networks.js';
import { crossCompiler, disassembler, hasTools, librariesRoot, withCrossCompiler } from './tools.js';

const runFile = promisify(execFile);

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

const compilers = [crossCompiler, 'clang', 'clang-14'].filter((name) => hasTools(name));
const boards = [...armBoards(), ...smallBoards()];
/** One word about generated code that a compiler of a board may not like is one too many. */
const strict = ['-std=gnu11', '-Wall', '-Wextra', '-Werror', '-fsyntax-only', `-I${resolve(__dirname, '../../addon/include')}`];

if (hasTools(crossCompiler, disassembler)) lint();
else test.skip('the cross compiler for arm64 is missing: skipped', () => undefined);

interface HotLoop extends VectorLoop {
  readonly kernel: string;
}

async function hotLoops(board: ArmBoard, module: string): Promise<readonly HotLoop[]> {
  const { built } = await buildFor(board, module, layOut(layers(), board.device));
  const loops = await vectorLoops(join(module, objectFile));
  return built.parts.infos.flatMap(({ title }, i) => {
    if (!/^(conv|winograd-multiply)/.test(title)) return [];
    return (loops.get(`k${i}`) ?? []).map((loop) => ({ kernel: `k${i} ${title}`, ...loop }));
  });
}

function isFaulty({ spills, spreads, multiplyAdds, loads }: HotLoop): boolean {
  return spills + spreads > 0 || (multiplyAdds >= hotMin && loads > multiplyAdds * loadsMax);
}

/** A product of matrices by tiles of `rows` numbers and `columns` vectors, all of whose sums are to stay in registers. */
function greedyKernel(rows: number, columns: number): string {
  const each = (text: (r: number, c: number) => string): string =>
    Array.from({ length: rows * columns }, (_, i) => text(Math.floor(i / columns), i % columns)).join(' ');
  return `typedef float vf __attribute__((vector_size(16)));
void greedy(const float *restrict a, const vf *restrict b, vf *restrict y, long depth) {
  ${each((r, c) => `vf s${r}_${c} = {0};`)}
  for (long k = 0; k < depth; k++) { ${each((r, c) => `s${r}_${c} += a[k * ${rows} + ${r}] * b[k * ${columns} + ${c}];`)} }
  ${each((r, c) => `y[${r * columns + c}] = s${r}_${c};`)}
}
`;
}

function lint(): void {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'onbox-lint-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each(boards)('$name: the loops of convolutions and of Winograd products keep their registers', async (board) => {
    const module = join(folder, board.name);
    const hot = await hotLoops(board, module);
    expect(hot.map(({ kernel }) => kernel)).toEqual(expect.arrayContaining([expect.stringMatching('winograd-multiply')]));
    expect(hot.filter(({ multiplyAdds }) => multiplyAdds >= hotMin).length).toBeGreaterThanOrEqual(8);
    expect(hot.filter(isFaulty)).toEqual([]);
  });

  test('a loop with more accumulators than there are registers does not pass', async () => {
    const [source, output] = ['greedy.c', 'greedy.so'].map((name) => join(folder, name)) as [string, string];
    writeFileSync(source, greedyKernel(10, 4));
    const flags = [...(boards[0]?.device.flags ?? []), '-O2', '-ffp-contract=fast'];
    await withCrossCompiler(() => compileShared({ sources: [source], output, flags, timeoutMs: 300_000 }));
    const [loop] = (await vectorLoops(output)).get('greedy') ?? [];
    expect(loop?.multiplyAdds).toBe(40);
    expect(isFaulty({ kernel: 'greedy', ...(loop as VectorLoop) })).toBe(true);
    expect(loop?.spills).toBeGreaterThan(8);
  });

  // As node-gyp compiles them: gcc 12 has broken on loops that other levels leave alone.
  test('plugins compile for arm64 at the level that the addon is built with', async () => {
    const plugins = resolve(__dirname, '../../addon/plugins');
    const sources = readdirSync(plugins, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.c'));
    const flags = ['-std=gnu11', '-O3', '-fPIC', '-Wall', '-Wextra', '-Werror', '-I../include', '-I.', '-S', '-o', '-'];
    expect(sources).toContain('common/operators.c');
    for (const source of sources) await runFile(crossCompiler, [...flags, source], { cwd: plugins, maxBuffer: 64 << 20 });
  });

  test.each(compilers)('%s has nothing to say about the code', async (compiler) => {
    const target = compiler === crossCompiler ? [] : ['--target=aarch64-linux-gnu', `-isystem${librariesRoot}/include`];
    const cwd = join(folder, boards[0]?.name ?? '');
    const sources = readdirSync(cwd).filter((file) => file.endsWith('.c'));
    expect((await runFile(compiler, [...target, ...strict, ...sources], { cwd })).stderr).toBe('');
  });
}
