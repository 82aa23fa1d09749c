// One stretch of a model on the NPU, by itself: compiled by the plugin, fed with what the model feeds it, held against the CPU, timed.

import { join } from 'node:path';
import type { NpuPlugin } from '../../addon/index.js';
import { dtypeBytes, elementCount, type Tensor, viewBytes } from '../core/tensor.js';
import { createNativeSession } from '../device/native.js';
import { npuRunTimeoutMs } from '../device/npu.js';
import type { Graph } from '../graph/graph.js';
import { offload, type Precision } from '../place/offload.js';
import { edgesOf, type Stretch } from '../place/partition.js';
import { errorMax, errorOf } from './compare.js';
import { medianOf } from './speed.js';
import { WeightFile } from './weights.js';

/** What came of a trial: nanoseconds with packing and copies, or why the stretch stays on the CPU. */
export interface Trial {
  readonly nanoseconds?: number;
  /** Largest error of an output (compare.ts). */
  readonly error?: number;
  readonly reason?: string;
}

export interface TrialGround {
  readonly graph: Graph;
  readonly plugin: NpuPlugin;
  readonly precision: Precision;
  /** Of a value of the graph on the CPU. */
  readonly readOnCpu: (name: string) => Tensor;
  /** Absolute: a module of the CPU, which a session wants, and a folder for constants. */
  readonly object: string;
  readonly workspace: string;
}

/** Largest error that passes, by precision. */
export const regionErrorMax: Readonly<Record<Precision, number>> = { f32: errorMax, f16: 1e-2 };

const warmups = 3;
const runs = 10;
/** A first run that takes so many times as long as the CPU's is not tried again. */
const hopeless = 4;
const alignment = 64;

/** @param cpuNs of the stretch on the CPU; undefined where it is tried to the end however slow it is */
export async function tryRegion(
  { graph, plugin, precision, readOnCpu, object, workspace }: TrialGround,
  stretch: Stretch,
  cpuNs: number | undefined,
): Promise<Trial> {
  const weights = join(workspace, `region${stretch.first}-${stretch.end}.bin`);
  const sink = new WeightFile(weights);
  const nodes = graph.nodes.slice(stretch.first, stretch.end);
  const { subgraph, inputs, outputs } = offload(graph, nodes, edgesOf(graph, stretch).outputs, precision, (bytes) =>
    sink.add(bytes),
  );
  sink.close();
  let arenaBytes = 0;
  const values = [...inputs, ...outputs].map((name) => {
    const tensor = readOnCpu(name);
    const bytes = elementCount(tensor.shape) * dtypeBytes(tensor.dtype);
    const offset = arenaBytes;
    arenaBytes += Math.ceil(bytes / alignment) * alignment;
    return { tensor, bytes, offset };
  });
  const buffers = values.map(({ offset }) => ({ space: 'arena', offset }) as const);
  const npu = { plugin, regions: [subgraph], timeoutMs: npuRunTimeoutMs() };
  const plans = [[{ region: 0, fallback: 0, buffers }]];
  const session = createNativeSession({ object, weights, arenaBytes, plans, inputBytes: [], threads: 1, npu });
  try {
    for (const { tensor, bytes, offset } of values.slice(0, inputs.length)) {
      session.view(offset, bytes).set(new Uint8Array(tensor.data.buffer, tensor.data.byteOffset, bytes));
    }
    const times: number[] = [];
    for (let run = -warmups; run < runs; run++) {
      const [nanoseconds = 0] = await session.profile(0, []);
      const [state] = session.npu();
      if (state?.reason !== '') return { reason: state?.reason ?? 'no region' };
      if (run >= 0) times.push(nanoseconds);
      if (cpuNs !== undefined && nanoseconds > hopeless * cpuNs) {
        times.push(nanoseconds);
        break;
      }
    }
    const error = Math.max(
      ...values.slice(inputs.length).map(({ tensor, bytes, offset }) => {
        const data = viewBytes(tensor.dtype, session.view(offset, bytes));
        return errorOf({ dtype: tensor.dtype, shape: tensor.shape, data }, tensor);
      }),
    );
    const nanoseconds = medianOf(times);
    if (error <= regionErrorMax[precision]) return { nanoseconds, error };
    return { nanoseconds, error, reason: `its error is ${error.toExponential(1)}, ${regionErrorMax[precision]} at most` };
  } finally {
    session.close();
  }
}
