// runtime/README.md follows one small model through every stage of the compiler; what it prints there is what the stages print now.
// ONBOX_UPDATE_GOLDEN=1 writes the blocks anew.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeKernels } from '../runtime/codegen/c.js';
import { tensorOf } from '../runtime/core/tensor.js';
import { fuse } from '../runtime/graph/passes/fuse.js';
import { optimize } from '../runtime/graph/passes/index.js';
import { chooseLayouts } from '../runtime/graph/passes/layout.js';
import { useWinograd } from '../runtime/graph/passes/winograd.js';
import { print } from '../runtime/graph/print.js';
import { printProgram } from '../runtime/loop/print.js';
import { lowerNode } from '../runtime/lower/lower.js';
import { assemble } from '../runtime/module/assemble.js';
import { WeightFile } from '../runtime/module/weights.js';
import { importModel } from '../runtime/onnx/import.js';
import { readModel } from '../runtime/onnx/read.js';
import { chooseWinograd } from '../runtime/schedule/algorithm.js';
import { apply } from '../runtime/schedule/apply.js';
import { defaultSchedule } from '../runtime/schedule/default.js';
import { writeOnnx } from './support/onnx-writer.js';

const path = join(__dirname, '../runtime/README.md');

/** A Cortex-A72: the text must not depend on the machine that runs the test. */
const machine = { lanes: 4, vectorRegisters: 32, fmaPerCycle: 1, threads: 2 };

function values(shape: readonly number[], scale: number) {
  const count = shape.reduce((product, extent) => product * extent, 1);
  return tensorOf(
    'f32',
    shape,
    Float32Array.from({ length: count }, (_, i) => Math.round(Math.sin(i + 1) * 64) * scale),
  );
}

/** Conv, BatchNormalization, Relu, GlobalAveragePool. */
function model(): Uint8Array {
  return writeOnnx({
    inputs: [{ name: 'image', dims: [1, 1, 4, 4] }],
    outputs: [{ name: 'scores', dims: [1, 4, 1, 1] }],
    nodes: [
      { op: 'Conv', inputs: ['image', 'w'], outputs: ['c'], attributes: { kernel_shape: [3, 3], pads: [1, 1, 1, 1] } },
      { op: 'BatchNormalization', inputs: ['c', 'gamma', 'beta', 'mean', 'variance'], outputs: ['n'] },
      { op: 'Relu', inputs: ['n'], outputs: ['r'] },
      { op: 'GlobalAveragePool', inputs: ['r'], outputs: ['scores'] },
    ],
    initializers: {
      w: values([4, 1, 3, 3], 1 / 64),
      gamma: values([4], 1 / 64),
      beta: values([4], 1 / 64),
      mean: values([4], 1 / 64),
      variance: tensorOf('f32', [4], new Float32Array(4).fill(1)),
    },
    opset: 13,
  });
}

/** What each stage prints, in order. @param folder for the weights */
function stages(folder: string): ReadonlyMap<string, string> {
  const imported = importModel(readModel(model()));
  const optimized = optimize(imported);
  const stated = useWinograd(optimized, (facts) => chooseWinograd(machine, facts));
  const fused = fuse(stated);
  const laidOut = chooseLayouts(fused, machine.lanes);
  const [lowered] = laidOut.nodes.flatMap((node) => (node.op === 'fused' ? lowerNode(laidOut, node) : []));
  if (lowered === undefined) throw new Error('nothing was fused');
  const schedule = defaultSchedule(lowered.program, machine);
  const applied = apply(schedule, lowered.program);
  if (!applied.legal) throw new Error(applied.reason);
  const [kernel] = writeKernels((i) => `k${i}`, applied.program, 'neon');
  const sink = new WeightFile(join(folder, 'weights.bin'));
  const parts = assemble(laidOut, sink, {
    schedule: (program) => defaultSchedule(program, machine),
    isa: 'neon',
    memory: 'shared',
  });
  sink.close();
  const launches = (parts.plans[0] ?? []).map((launch) =>
    JSON.stringify({ ...launch, title: 'kernel' in launch ? parts.infos[launch.kernel]?.title : 'npu' }),
  );
  return new Map([
    ['imported', print(imported)],
    ['optimized', print(optimized)],
    ['fused', print(fused)],
    ['laid out', print(laidOut)],
    ['program', printProgram(lowered.program)],
    ['schedule', schedule.map((step) => JSON.stringify(step)).join('\n')],
    ['scheduled', printProgram(applied.program)],
    ['kernel', kernel?.text ?? ''],
    ['plan', `${launches.join('\n')}\narena: ${parts.arenaBytes} bytes`],
  ]);
}

/** The text of README.md with each block below a marker replaced by what its stage prints. */
function withStages(text: string, printed: ReadonlyMap<string, string>): string {
  return text.replace(/(<!-- (.+) -->\n```[a-z]*\n)[\s\S]*?(?=```)/g, (_, head: string, stage: string) => {
    const now = printed.get(stage);
    if (now === undefined) throw new Error(`there is no stage "${stage}"`);
    return `${head}${now.trimEnd()}\n`;
  });
}

test('every stage of the model in runtime/README.md prints what stands there', () => {
  const folder = mkdtempSync(join(tmpdir(), 'onbox-stages-'));
  try {
    const printed = stages(folder);
    const text = readFileSync(path, 'utf8');
    const now = withStages(text, printed);
    if (process.env['ONBOX_UPDATE_GOLDEN'] === '1') writeFileSync(path, now);
    else expect(text).toBe(now);
    expect([...text.matchAll(/<!-- (.+) -->/g)].map(([, stage]) => stage)).toEqual([...printed.keys()]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
