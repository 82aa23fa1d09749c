// Measures the algorithms of a model's convolutions: each is stated in every way that may pay, alone between its neighbours, and the
// programs that come of it are timed with the best schedules that are known.

import { tensorOf } from '../core/tensor.js';
import type { CpuDevice } from '../device/cpu.js';
import { GraphBuilder } from '../graph/builder.js';
import type { Graph } from '../graph/graph.js';
import { optimize } from '../graph/passes/index.js';
import { useWinograd, type WinogradFacts } from '../graph/passes/winograd.js';
import { reckonAlgorithms } from '../schedule/algorithm.js';
import { type Algorithm, type AlgorithmTimes, algorithms, convolutionKey } from '../schedule/algorithm-record.js';
import type { Place, Records } from '../schedule/records.js';
import type { Task } from '../schedule/task-search.js';
import { layOut } from './compile.js';
import { machineOf } from './machine.js';
import { tasksOf } from './tasks.js';

/** What is reckoned to take more than this many times the least is not measured. */
const reckonedMax = 2.5;

export interface AlgorithmSearch {
  readonly device: CpuDevice;
  readonly place: Place;
  readonly compiler: string;
  readonly records: Records;
  /** Nanoseconds of a program with the best schedule that is known; undefined where it cannot be measured. */
  readonly time: (task: Task) => Promise<number | undefined>;
  /** Asked before each program: false ends the search. What was measured by then is kept. */
  readonly goesOn: () => boolean;
}

/** Measures the algorithms of all convolutions of a graph that have no record of this place, and records them. */
export async function searchAlgorithms(plain: Graph, search: AlgorithmSearch): Promise<void> {
  const { device, place, compiler, records } = search;
  const times = new Map<string, number | undefined>();
  let isStopped = false;
  const timeOnce = async (task: Task): Promise<number | undefined> => {
    if (times.has(task.key)) return times.get(task.key);
    isStopped ||= !search.goesOn();
    if (!isStopped) times.set(task.key, await search.time(task));
    return times.get(task.key);
  };
  for (const convolution of convolutionsOf(plain)) {
    if (records.algorithms(convolution, place)?.threads === place.threads) continue;
    const nanoseconds = await timeAlgorithms(convolution, device, timeOnce);
    // What all programs of a convolution were timed for is kept, though it was the last.
    if (isStopped) return;
    if (Object.keys(nanoseconds).length === 0) continue;
    records.append([{ format: 1, convolution, ...place, nanoseconds, compiler, at: new Date().toISOString() }]);
  }
}

/** The convolutions of a graph that have a choice of algorithms; those with most multiply-adds first. */
function convolutionsOf(plain: Graph): readonly WinogradFacts[] {
  const work = new Map<string, { readonly facts: WinogradFacts; macs: number }>();
  useWinograd(optimize(plain), (facts) => {
    const known = work.get(convolutionKey(facts)) ?? { facts, macs: 0 };
    known.macs += facts.channels * facts.outputs * facts.height * facts.width;
    work.set(convolutionKey(facts), known);
    return undefined;
  });
  return [...work.values()].sort((a, b) => b.macs - a.macs).map(({ facts }) => facts);
}

/** Nanoseconds of a convolution by algorithm, of those that may pay and can be measured; none where there is nothing to choose. */
async function timeAlgorithms(
  facts: WinogradFacts,
  device: CpuDevice,
  time: (task: Task) => Promise<number | undefined>,
): Promise<AlgorithmTimes> {
  const reckoned = reckonAlgorithms(machineOf(device, 1), facts);
  const bound = Math.min(...Object.values(reckoned)) * reckonedMax;
  const likely = algorithms.filter((algorithm) => (reckoned[algorithm] ?? Number.POSITIVE_INFINITY) <= bound);
  const times: { [A in Algorithm]?: number } = {};
  for (const algorithm of likely.length === 1 ? [] : likely) {
    let sum = 0;
    for (const task of programsOf(facts, algorithm, device)) sum += (await time(task)) ?? Number.NaN;
    if (sum > 0) times[algorithm] = sum;
  }
  return times;
}

/** What a convolution costs with an algorithm: its programs, but not those of the convolution before it. */
function programsOf(facts: WinogradFacts, algorithm: Algorithm, device: CpuDevice): readonly Task[] {
  const graph = layOut(neighbourhood(facts), device, () => (algorithm === 'direct' ? undefined : algorithm));
  // It alone ends in a relu.
  return tasksOf(graph, []).filter(({ title }) => title.startsWith('winograd-') || title.endsWith('+relu'));
}

/** The convolution after another one, so that it reads what is in blocks. */
function neighbourhood({ channels, outputs, height, width }: WinogradFacts): Graph {
  const builder = new GraphBuilder();
  const zeros = (name: string, shape: readonly number[]): string =>
    builder.addConstant(name, tensorOf('f32', shape, new Float32Array(shape.reduce((product, extent) => product * extent, 1))));
  const convolve = (x: string, w: string, b: string, pad: number): string =>
    builder.addOne('conv', [x, w, b], { group: 1, strides: [1, 1], dilations: [1, 1], pads: [pad, pad, pad, pad] });
  const x = builder.addInput('x', { dtype: 'f32', shape: [1, channels, height, width] });
  const before = convolve(x, zeros('w0', [channels, channels, 1, 1]), zeros('b0', [channels]), 0);
  const y = convolve(before, zeros('w1', [outputs, channels, 3, 3]), zeros('b1', [outputs]), 1);
  builder.output('y', builder.addOne('relu', [y]));
  return builder.build();
}
