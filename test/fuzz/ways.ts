// One graph, three ways: the reference, the compiled C, onnxruntime.

import { once } from 'node:events';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { printType, type Tensor } from '../../runtime/core/tensor.js';
import { describeCpu } from '../../runtime/device/cpu.js';
import { evaluate } from '../../runtime/graph/evaluate.js';
import type { Graph } from '../../runtime/graph/graph.js';
import { numbersOf } from '../../runtime/graph/numbers.js';
import { layOut } from '../../runtime/module/compile.js';
import { runBatch } from '../../runtime/module/conformance-batch.js';
import { requireCompilable } from '../../runtime/module/refuse.js';
import { importModel } from '../../runtime/onnx/import.js';
import { readModel } from '../../runtime/onnx/read.js';
import { writeOnnx } from '../support/onnx-writer.js';
import { type FuzzCase, isTame, upTo } from './graphs.js';

type Outputs = ReadonlyMap<string, Tensor>;

/** Of the largest magnitude of an output: sums in f32 in another order. */
const errorMax = 2e-3;

export interface Found {
  readonly case: FuzzCase;
  readonly problem: string;
}

export interface Peer {
  /** Undefined where onnxruntime refuses the model. */
  run(one: FuzzCase): Promise<Outputs | undefined>;
  close(): Promise<void>;
}

interface Answer {
  readonly outputs?: readonly { readonly name: string; readonly dims: readonly number[]; readonly data: readonly number[] }[];
}

export function openPeer(): Peer {
  const worker = new Worker(join(__dirname, 'peer-worker.js'));
  return {
    async run({ sketch, feeds }) {
      const inputs = [...feeds].map(([name, { dtype, shape, data }]) => ({ name, dtype, shape: [...shape], data }));
      worker.postMessage({ bytes: writeOnnx(sketch), feeds: inputs });
      const [{ outputs }] = (await once(worker, 'message')) as [Answer];
      if (outputs === undefined) return undefined;
      return new Map(
        outputs.map(({ name, dims, data }) => [name, { dtype: 'f64', shape: dims, data: Float64Array.from(data) }]),
      );
    },
    close: async () => {
      await worker.terminate();
    },
  };
}

function graphOf({ sketch, feeds }: FuzzCase): Graph {
  const inputs = Object.fromEntries([...feeds].map(([name, { shape }]) => [name, shape]));
  return importModel(readModel(writeOnnx(sketch)), { inputs });
}

/** All cases through one compile. */
async function compiled(cases: readonly FuzzCase[]): Promise<Outputs[]> {
  const device = describeCpu();
  const entries = cases.map((one) => {
    const graph = graphOf(one);
    requireCompilable(graph, undefined);
    return { graph: layOut(graph, device), inputs: one.feeds };
  });
  return await runBatch(entries, device);
}

/** How outputs differ from those that are wanted; undefined where they agree. */
function difference(wanted: Outputs, got: Outputs): string | undefined {
  for (const [name, want] of wanted) {
    const have = got.get(name);
    if (have === undefined || have.shape.join() !== want.shape.join()) {
      return `${name} is ${have && printType(have)} for ${printType(want)}`;
    }
    const [a, b] = [Float64Array.from(numbersOf(want)), numbersOf(have)];
    const largest = a.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
    const at = a.findIndex((value, i) => {
      const other = b[i] as number;
      return !(
        value === other ||
        (Number.isNaN(value) && Number.isNaN(other)) ||
        Math.abs(value - other) <= errorMax * largest
      );
    });
    if (at >= 0) return `${name}[${at}] is ${b[at]} for ${a[at]}`;
  }
  return undefined;
}

/**
 * Runs cases all three ways.
 * @returns what was found, each at the first value that is wrong, and how many onnxruntime could judge
 */
export async function judge(cases: readonly FuzzCase[], peer: Peer): Promise<{ found: Found[]; judged: number }> {
  const tame = cases
    .map((one) => ({ one, reference: evaluate(graphOf(one), one.feeds) }))
    .filter(({ reference }) => isTame(reference));
  const results = await compiled(tame.map(({ one }) => one));
  const found: Found[] = [];
  let judged = 0;
  for (const [i, { one, reference }] of tame.entries()) {
    const peers = await peer.run(one);
    if (peers !== undefined) judged++;
    const byCode = difference(reference, results[i] as Outputs);
    const byPeer = peers && difference(peers, reference);
    if (byCode !== undefined) found.push(await smallest(one, peer, 'compiled code', byCode));
    else if (byPeer !== undefined) found.push(await smallest(one, peer, 'reference', byPeer));
  }
  return { found, judged };
}

/** The first value at which the same goes wrong, alone. */
async function smallest(one: FuzzCase, peer: Peer, who: 'compiled code' | 'reference', whole: string): Promise<Found> {
  for (const { name } of one.values.filter((value) => value.name !== 'x')) {
    const part = upTo(one, name);
    const reference = evaluate(graphOf(part), part.feeds);
    const peers = who === 'reference' ? await peer.run(part) : undefined;
    const problem =
      who === 'reference'
        ? peers && difference(peers, reference)
        : difference(reference, (await compiled([part]))[0] as Outputs);
    if (problem !== undefined) return { case: part, problem: `${who}: ${problem}` };
  }
  return { case: one, problem: `${who}, in the whole graph only: ${whole}` };
}
