// A graph as a module of a board: the compiler's own stages, with the board's description and the cross compiler.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { vectorLanes } from '../../runtime/codegen/c.js';
import { dtypeBytes, elementCount, type Tensor } from '../../runtime/core/tensor.js';
import type { CpuDevice } from '../../runtime/device/cpu.js';
import type { Graph } from '../../runtime/graph/graph.js';
import { type Built, buildModule } from '../../runtime/module/build.js';
import { objectFile, weightsFile } from '../../runtime/module/files.js';
import { imagePrologues } from '../../runtime/module/image.js';
import type { ImageInput, Pixels, Runnable } from '../../runtime/module/manifest.js';
import { runnableOf } from '../../runtime/module/runnable.js';
import { schedulingFor } from '../../runtime/module/scheduling.js';
import type { Machine } from '../../runtime/schedule/machine.js';
import type { ArmBoard } from './boards.js';
import { type Action, emulate } from './emulator.js';
import { withCrossCompiler } from './tools.js';

/** As the compiler sees it when it schedules. */
export function machineOf(device: CpuDevice): Machine {
  return {
    lanes: vectorLanes(device.isa),
    vectorRegisters: device.vectorRegisters,
    fmaPerCycle: device.fmaPerCycle,
    threads: device.cores.count,
  };
}

export interface BoardModule {
  readonly board: ArmBoard;
  readonly built: Built;
  readonly runnable: Runnable;
}

/** @param graph as laid out for the board */
export async function buildFor(board: ArmBoard, folder: string, graph: Graph, image?: ImageInput): Promise<BoardModule> {
  const { device } = board;
  const options = {
    device,
    optimization: '-O2',
    schedule: schedulingFor(device, device.cores.count, undefined),
    memory: 'shared',
    ...(image === undefined ? {} : { images: imagePrologues(graph, image) }),
  } satisfies Parameters<typeof buildModule>[2];
  const built = await withCrossCompiler(() => buildModule(folder, graph, options));
  return { board, built, runnable: runnableOf(built, image) };
}

/** More threads than the machine has cores, so that they also sleep and wake. */
const threads = 3;

/** Outputs of plan 0 from `tensors`, and of a plan for each of `pictures`, by name. */
export async function runModule(
  driver: string,
  { board, built, runnable }: BoardModule,
  tensors: ReadonlyMap<string, Tensor>,
  pictures: readonly Pixels[],
): Promise<ReadonlyMap<string, Tensor>[]> {
  const { inputs, outputs, arenaBytes } = runnable;
  const plans = built.parts.plans.map((launches) => launches.filter((launch) => 'extent' in launch));
  const reads = outputs.map(({ offset, dtype, shape }): Action => ({ act: 'read', offset, type: { dtype, shape } }));
  const feeds = inputs.flatMap(({ name }, input): Action[] => {
    const data = tensors.get(name)?.data;
    return data === undefined ? [] : [{ act: 'feed', input, data }];
  });
  const shown = pictures.map((data, i): Action => ({ act: 'feed', input: inputs.length + i, data }));
  const runs = plans.map((_, plan): Action[] => [{ act: 'run', plan }, ...reads]);
  const folder = join(built.folder, 'run');
  mkdirSync(folder, { recursive: true });
  const module = {
    object: join(built.folder, objectFile),
    weights: join(built.folder, weightsFile),
    arenaBytes,
    threads,
    inputBytes: [
      ...inputs.map(({ dtype, shape }) => elementCount(shape) * dtypeBytes(dtype)),
      ...pictures.map(({ byteLength }) => byteLength),
    ],
    plans,
  };
  const read = await emulate(driver, board.core, folder, module, [...feeds, ...shown, ...runs.flat()]);
  return plans.map((_, plan) => new Map(outputs.map(({ name }, i) => [name, read[plan * outputs.length + i] as Tensor])));
}
