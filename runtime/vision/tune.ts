// Tunes an ONNX file on this machine: what a compile of the same file would do is searched.

import { type TuneReport, type TuneRequest, tune } from '../module/tune.js';
import { type CompileFileOptions, loadModel } from './compile.js';
import type { Overrides } from './sidecar.js';

export interface TuneFileOptions extends Overrides, Omit<TuneRequest, 'graph' | 'image'> {
  /** Shapes of inputs whose dimensions the model leaves open. */
  readonly inputs?: NonNullable<CompileFileOptions['inputs']>;
}

/** @throws OnboxError of readModel, importModel, describe and tune */
export async function tuneFile(path: string, options: TuneFileOptions): Promise<TuneReport> {
  const { inputs, records, threads, minutes, trials, signal, progress, child, ...overrides } = options;
  const { graph, spec } = await loadModel(path, inputs, overrides);
  return await tune({
    graph,
    image: spec.image,
    records,
    minutes,
    trials,
    ...(threads === undefined ? {} : { threads }),
    ...(signal === undefined ? {} : { signal }),
    ...(progress === undefined ? {} : { progress }),
    ...(child === undefined ? {} : { child }),
  });
}
