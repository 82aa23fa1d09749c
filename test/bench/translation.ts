// `npm run bench -- translation`: what the compiler does to a model, as time over time. The direct translation states every operator of the
// ONNX as loops and leaves them to gcc -O2: no fusion, no layout, no schedule. One thread, in turns.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeCpu } from '../../runtime/device/cpu.js';
import { buildModule } from '../../runtime/module/build.js';
import type { Runnable } from '../../runtime/module/manifest.js';
import { runnableOf } from '../../runtime/module/runnable.js';
import { makeSample } from '../../runtime/module/sample.js';
import { openSession, type Session, startSession } from '../../runtime/module/session.js';
import { compileFile, loadModel } from '../../runtime/vision/compile.js';
import { parseCount, parseFlags } from './support/arguments.js';
import { openCache } from './support/cache.js';
import { describeMachine, printMachine } from './support/machine.js';
import { benchModels, selectModels } from './support/models.js';
import { geometricMean, median } from './support/statistics.js';
import { printMs } from './support/table.js';

const defaults = ['resnet20_cifar10', 'squeezenet1.0', 'mobilenetv2_fp32deq', 'resnet18'];

/**
 * @param args `--models a,b`, `--rounds N`, `--records FILE` of what was tuned
 * @throws OnboxError `usage`, `cache-unsafe`
 */
export async function main(args: readonly string[]): Promise<void> {
  const { models: names, rounds: text, records } = parseFlags(args, ['models', 'rounds', 'records']);
  const rounds = parseCount('rounds', text ?? '5', 1000);
  const cache = await openCache();
  const folder = await mkdtemp(join(tmpdir(), 'onbox-translation-'));
  const ratios: number[] = [];
  print(`${printMachine(describeMachine())}\n`);
  try {
    for (const { name, locate } of selectModels(benchModels(), names?.split(',') ?? defaults)) {
      const onnx = await locate(cache);
      if (onnx === undefined) continue;
      const [direct, module] = [join(folder, `${name}-direct`), join(folder, name)];
      const sessions = [await openDirect(direct, onnx), await openCompiled(module, name, onnx, records)] as const;
      const [before = 0, after = 0] = await timeInTurns(sessions, rounds);
      ratios.push(before / after);
      print(`${name.padEnd(20)} direct ${printMs(before)} ms, onbox ${printMs(after)} ms, ${(before / after).toFixed(1)} x`);
    }
    print(`geometric mean ${geometricMean(ratios).toFixed(1)} x`);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function openDirect(folder: string, onnx: string): Promise<Session<Runnable>> {
  const { graph } = await loadModel(onnx, {});
  const options = { device: describeCpu(), optimization: '-O2', schedule: () => [], memory: 'shared' } as const;
  const built = await buildModule(folder, graph, options);
  return startSession(folder, runnableOf(built, undefined), 1);
}

async function openCompiled(folder: string, name: string, onnx: string, records?: string): Promise<Session<Runnable>> {
  await compileFile(onnx, { name, outFolder: folder, threads: 1, ...(records === undefined ? {} : { records }) });
  return await openSession(folder, { threads: 1 });
}

/** Milliseconds of a run, by session. */
async function timeInTurns(sessions: readonly Session<Runnable>[], rounds: number): Promise<number[]> {
  const times = sessions.map((): number[] => []);
  for (let round = -1; round < rounds; round++) {
    for (const [i, session] of sessions.entries()) {
      const { tensors } = makeSample(session.manifest.inputs, undefined);
      const started = performance.now();
      await session.runTensors(tensors);
      if (round >= 0) times[i]?.push(performance.now() - started);
    }
  }
  for (const session of sessions) session.close();
  return times.map(median);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
