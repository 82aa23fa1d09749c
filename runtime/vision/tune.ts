// Tunes an ONNX file on this machine: what a compile of the same file would do is searched.

import { type TuneReport, type TuneRequest, tune } from '../module/tune.js';
import { loadModel } from './compile.js';
import type { UnderstandOptions } from './understand.js';

export interface TuneFileOptions extends UnderstandOptions, Omit<TuneRequest, 'graph' | 'image'> {}

/** @throws OnboxError of readModel, understand and tune */
export async function tuneFile(path: string, options: TuneFileOptions): Promise<TuneReport> {
  const { records, target, probe, threads, exact, minutes, trials, signal, progress, child, ...rest } = options;
  const { graph, spec } = await loadModel(path, rest);
  return await tune({
    graph,
    image: spec.image,
    records,
    minutes,
    trials,
    ...(target === undefined ? {} : { target }),
    ...(probe === undefined ? {} : { probe }),
    ...(threads === undefined ? {} : { threads }),
    ...(exact === undefined ? {} : { exact }),
    ...(signal === undefined ? {} : { signal }),
    ...(progress === undefined ? {} : { progress }),
    ...(child === undefined ? {} : { child }),
  });
}
