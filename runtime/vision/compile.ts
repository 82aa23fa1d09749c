// From an ONNX file to a module: read, import, describe, compile.

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Shape, TensorType } from '../core/tensor.js';
import type { Graph } from '../graph/graph.js';
import { type CompileProgress, type CompileReport, type CompileRequest, compile } from '../module/compile.js';
import { importModel } from '../onnx/import.js';
import { readModel } from '../onnx/read.js';
import { describe } from './describe.js';
import type { ModelFacts } from './heads/head.js';
import type { Overrides } from './sidecar.js';

export interface CompileFileOptions extends Overrides {
  readonly name: string;
  readonly outFolder: string;
  /** Shapes of inputs whose dimensions the model leaves open. */
  readonly inputs?: Readonly<Record<string, Shape>>;
  readonly threads?: number;
  /** A file of what was measured on this machine, to take schedules from. It need not be there. */
  readonly records?: string;
  readonly progress?: (progress: CompileProgress) => void;
}

/**
 * Compiles an ONNX file for this machine.
 * @throws OnboxError of readModel, importModel, describe and compile
 */
export async function compileFile(path: string, options: CompileFileOptions): Promise<CompileReport> {
  const { name, outFolder, inputs, threads, records, progress, ...overrides } = options;
  progress?.({ stage: 'import' });
  return await compile({
    ...(await loadModel(path, inputs, overrides)),
    name,
    outFolder,
    ...(threads === undefined ? {} : { threads }),
    ...(records === undefined ? {} : { records }),
    ...(progress === undefined ? {} : { progress }),
  });
}

/** What a compile starts from: the graph of an ONNX file, what its pictures and answers mean, and its digest. */
export async function loadModel(
  path: string,
  inputs: CompileFileOptions['inputs'],
  overrides: Overrides,
): Promise<Pick<CompileRequest, 'graph' | 'spec' | 'modelDigest'>> {
  const bytes = await readFile(path);
  const model = readModel(bytes);
  const graph = importModel(model, inputs === undefined ? {} : { inputs });
  const spec = describe(factsOf(graph, model.metadata), overrides);
  return { graph, spec, modelDigest: createHash('sha256').update(bytes).digest('hex') };
}

/** What `describe` wants to know of an imported model. */
export function factsOf(graph: Graph, metadata: ReadonlyMap<string, string>): ModelFacts {
  const typeOf = (value: string): TensorType => graph.types.get(value) ?? { dtype: 'f32', shape: [] };
  return {
    inputs: graph.inputs.map((name) => ({ name, ...typeOf(name) })),
    outputs: graph.outputs.map(({ name, value }) => ({ name, ...typeOf(value) })),
    metadata,
    graph,
  };
}
