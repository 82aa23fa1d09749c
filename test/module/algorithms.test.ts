// The search for algorithms: each convolution is stated in every way, its programs are timed, and the record decides.

import { join } from 'node:path';
import { tensorOf } from '../../runtime/core/tensor.js';
import { describeCpu } from '../../runtime/device/cpu.js';
import { GraphBuilder } from '../../runtime/graph/builder.js';
import type { Graph } from '../../runtime/graph/graph.js';
import { type AlgorithmSearch, searchAlgorithms } from '../../runtime/module/algorithms.js';
import { layOut } from '../../runtime/module/compile.js';
import { Known } from '../../runtime/module/known.js';
import { algorithmsFor } from '../../runtime/module/scheduling.js';
import { chooseWinograd, fastestAlgorithm, reckonAlgorithms } from '../../runtime/schedule/algorithm.js';
import { Records } from '../../runtime/schedule/records.js';
import { makeScratch } from './networks.js';

const scratch = makeScratch();
const device = describeCpu();
const place = { device: device.fingerprint, threads: 1 };
const facts = { channels: 32, outputs: 32, height: 12, width: 12 };
const machine = { lanes: 8, vectorRegisters: 16, fmaPerCycle: 2, threads: 1 };

/** Two convolutions of one shape. */
function graph(): Graph {
  const builder = new GraphBuilder();
  let value = builder.addInput('x', { dtype: 'f32', shape: [1, 32, 12, 12] });
  for (const name of ['first', 'second']) {
    const w = builder.addConstant(name, tensorOf('f32', [32, 32, 3, 3], new Float32Array(32 * 32 * 9).fill(0.01)));
    value = builder.addOne('conv', [value, w], { group: 1, strides: [1, 1], dilations: [1, 1], pads: [1, 1, 1, 1] });
  }
  builder.output('y', value);
  return builder.build();
}

/** @param slow the title of the programs that take long */
function searchWith(path: string, slow: string, goesOn: () => boolean = () => true): AlgorithmSearch & { timed: string[] } {
  const timed: string[] = [];
  const time = async ({ title }: { title: string }): Promise<number> => {
    timed.push(title);
    return title.startsWith(slow) ? 1000 : 10;
  };
  return { device, place, compiler: '0.1.0', records: Records.open(path), time, goesOn, timed };
}

test.each([
  ['conv', [10 + 10 + 10]],
  ['winograd', [1000 + 1000 + 1000]],
])('where %s is slow, the other way is taken', async (slow, winograd) => {
  const path = join(scratch, `${slow}.jsonl`);
  const search = searchWith(path, slow);
  await searchAlgorithms(graph(), search);
  const known = Known.open(device, 1, path).algorithms(facts);
  expect(known?.direct).toBe(slow === 'conv' ? 1000 : 10);
  expect([...new Set([known?.[4]])]).toEqual(winograd);
  const ops = layOut(graph(), device, algorithmsFor(device, Known.open(device, 1, path))).nodes.map(({ op }) => op);
  expect(ops.includes('winograd-multiply')).toBe(slow === 'conv');

  const again = searchWith(path, slow);
  await searchAlgorithms(graph(), again);
  expect(again.timed).toEqual([]);
});

test('a search that is stopped records nothing of the convolution at hand', async () => {
  const path = join(scratch, 'stopped.jsonl');
  const search = searchWith(path, 'conv', () => search.timed.length < 3);
  await searchAlgorithms(graph(), search);
  expect(search.timed).toHaveLength(3);
  expect(Records.open(path).count).toBe(0);
});

test('a search that is stopped after the last program of a convolution has measured it', async () => {
  const whole = searchWith(join(scratch, 'whole.jsonl'), 'conv');
  await searchAlgorithms(graph(), whole);
  const path = join(scratch, 'last.jsonl');
  const search = searchWith(path, 'conv', () => search.timed.length < whole.timed.length);
  await searchAlgorithms(graph(), search);
  expect(Records.open(path).count).toBe(1);
});

test('a larger tile is taken only if it is clearly faster, and what was measured goes before what is reckoned', () => {
  expect(fastestAlgorithm({ direct: 100, 2: 99, 4: 98, 6: 97.5 })).toBe('direct');
  expect(fastestAlgorithm({ direct: 100, 2: 60, 4: 50, 6: 49.5 })).toBe(4);
  expect(fastestAlgorithm({})).toBeUndefined();
  const large = { channels: 64, outputs: 64, height: 56, width: 56 };
  expect(chooseWinograd(machine, large)).toBeDefined();
  expect(chooseWinograd(machine, large, { direct: 1, 4: 2 })).toBeUndefined();
});

test('few channels are not reckoned for Winograd', () => {
  expect(Object.keys(reckonAlgorithms(machine, { ...facts, channels: 3 }))).toEqual(['direct']);
});
