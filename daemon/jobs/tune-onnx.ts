// The tuner on an installed model: search, compile with what was found, and run both modules in turns. Runs in a job child.

import {
  compareSpeeds,
  mergeOverrides,
  readSidecar,
  type Speed,
  type TuneProgress,
  type TuneReport,
  tuneFile,
} from '../../runtime/index.js';
import type { CompileOptions } from '../store/record.js';
import { compileOnnx } from './compile-onnx.js';
import { isRebuildable } from './install.js';
import type { CompileProgress, TuneRequest, TuneResult } from './messages.js';

/** @throws OnboxError what the tuner and the compiler say of the model */
export async function tuneOnnx(
  request: TuneRequest,
  onProgress: (progress: CompileProgress) => void,
  signal: AbortSignal,
): Promise<TuneResult> {
  const { name, onnx, module, outFolder, options, records, budget } = request;
  const report = await search(onnx, { options, records, budget, signal }, (at) => onProgress(progressOf(at, budget)));
  const compiled = await compileOnnx({ name, onnx, outFolder, options, records }, onProgress);
  onProgress({ stage: 'comparing' });
  return { compiled, report, ...(await compareModules(module, outFolder, options.threads)) };
}

export interface SearchOptions {
  readonly options: CompileOptions;
  readonly records: string;
  readonly budget: TuneRequest['budget'];
  readonly signal: AbortSignal;
}

/** Searches as a compile with these options would look at the file. @throws OnboxError of tuneFile */
export async function search(
  onnx: string,
  { options, records, budget, signal }: SearchOptions,
  progress: (progress: TuneProgress) => void,
): Promise<TuneReport> {
  const { inputs, otherInputs: _, cut, threads, target, exact, ...flags } = options;
  return await tuneFile(onnx, {
    ...mergeOverrides(flags, await readSidecar(onnx)),
    ...budget,
    ...(inputs === undefined ? {} : { inputs }),
    ...(cut === undefined ? {} : { cut }),
    ...(threads === undefined ? {} : { threads }),
    ...(target === undefined ? {} : { target }),
    ...(exact === undefined ? {} : { exact }),
    records,
    signal,
    progress,
  });
}

async function compareModules(
  old: string,
  fresh: string,
  threads: number | undefined,
): Promise<{ readonly before: Speed | undefined; readonly after: Speed }> {
  const compare = (folders: readonly string[]): Promise<Speed[]> =>
    compareSpeeds(folders, threads === undefined ? {} : { threads });
  try {
    const [before, after] = await compare([old, fresh]);
    return { before, after: after as Speed };
  } catch (error) {
    // What cannot run any more is replaced by what can.
    if (!isRebuildable(error)) throw error;
    const [after] = await compare([fresh]);
    return { before: undefined, after: after as Speed };
  }
}

function progressOf(at: TuneProgress, budget: TuneRequest['budget']): CompileProgress {
  const { trials, seconds, title, bestNs } = at;
  return {
    stage: 'tuning',
    completed: Math.min(trials, budget.trials),
    total: budget.trials,
    facts: {
      layer: title,
      best_ms: bestNs === undefined ? null : bestNs / 1e6,
      eta_s: Math.max(0, Math.round(budget.minutes * 60 - seconds)),
    },
  };
}
