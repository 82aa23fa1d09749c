// What a session must know of a module that has just been built.

import { assert } from '../core/assert.js';
import type { TensorType } from '../core/tensor.js';
import type { Graph } from '../graph/graph.js';
import { shownOutputs } from '../graph/open.js';
import type { Built } from './build.js';
import type { ImageInput, ModuleOutput, Runnable } from './manifest.js';

/** @param image of the second plan, if the module has one */
export function runnableOf({ graph, parts, opencl, npu }: Built, image: ImageInput | undefined): Runnable {
  return {
    inputs: graph.inputs.map((name) => ({ name, ...typeOf(graph, name) })),
    outputs: outputsOf(graph, parts.offsets),
    plans: parts.plans,
    arenaBytes: parts.arenaBytes,
    ...(image === undefined ? {} : { image }),
    ...(opencl === undefined ? {} : { opencl }),
    ...(npu === undefined ? {} : { npu }),
  };
}

function outputsOf(graph: Graph, offsets: ReadonlyMap<string, number>): ModuleOutput[] {
  const offsetOf = (output: string): number => {
    const value = graph.outputs.find(({ name }) => name === output)?.value;
    const offset = value === undefined ? undefined : offsets.get(value);
    assert(offset !== undefined, `output "${output}" is written nowhere`);
    return offset;
  };
  return shownOutputs(graph).map(({ name, value }) => {
    const open = graph.open?.get(name);
    const output = { name, ...typeOf(graph, value), offset: offsetOf(name) };
    return open === undefined ? output : { ...output, open: { axis: open.axis, offset: offsetOf(open.count) } };
  });
}

function typeOf(graph: Graph, value: string): TensorType {
  const type = graph.types.get(value);
  assert(type !== undefined, `the graph has no type for "${value}"`);
  return { dtype: type.dtype, shape: type.shape };
}
