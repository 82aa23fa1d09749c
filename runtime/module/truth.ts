// The truth at speed: a graph as it was imported, every operator translated plainly, with no fusion, layout, view or order of loops
// that could be wrong in the same way as the module's; only the outermost loops are shared out among the threads. The reference
// evaluation says the same, minutes later; tests hold one to the other.

import type { TensorType } from '../core/tensor.js';
import type { CpuDevice } from '../device/cpu.js';
import type { Graph, Node } from '../graph/graph.js';
import type { Program } from '../loop/program.js';
import { ScheduleBuilder } from '../schedule/builder.js';
import { shareOutermost } from '../schedule/parallel.js';
import type { Schedule } from '../schedule/steps.js';
import { type Built, buildModule } from './build.js';

/** So that no thread waits long for the last. */
const chunksPerThread = 4;

/**
 * Builds the truth of a graph. Every value has a place of its own.
 * @param plain as imported
 * @throws OnboxError of buildModule
 */
export async function buildTruth(folder: string, plain: Graph, device: CpuDevice): Promise<Built> {
  return await buildModule(folder, computeOutputs(plain), {
    device,
    optimization: '-O1',
    schedule: (program) => shared(program, device.cores.count),
    memory: 'apart',
  });
}

function shared(program: Program, threads: number): Schedule {
  const builder = new ScheduleBuilder(program);
  shareOutermost(builder, threads * chunksPerThread);
  return builder.steps;
}

/** The same graph with a copy before every output that no node writes. */
function computeOutputs(graph: Graph): Graph {
  const types = new Map(graph.types);
  const copies: Node[] = [];
  const outputs = graph.outputs.map(({ name, value }, i) => {
    if (!graph.constants.has(value) && !graph.inputs.includes(value)) return { name, value };
    let copied = `output.${i}`;
    while (types.has(copied)) copied += '.copy';
    types.set(copied, graph.types.get(value) as TensorType);
    copies.push({ op: 'copy', inputs: [value], outputs: [copied], attributes: {} });
    return { name, value: copied };
  });
  return copies.length === 0 ? graph : { ...graph, types, outputs, nodes: [...graph.nodes, ...copies] };
}
