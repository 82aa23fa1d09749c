// From an ONNX file to a module: read, import, describe, compile.

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type CompileProgress, type CompileReport, type CompileRequest, compile } from '../module/compile.js';
import { readModel } from '../onnx/read.js';
import { type UnderstandOptions, understand } from './understand.js';

export interface CompileFileOptions extends UnderstandOptions {
  readonly name: string;
  readonly outFolder: string;
  readonly target?: CompileRequest['target'];
  readonly threads?: number;
  /** A file of what was measured on this machine, to take schedules from. It need not be there. */
  readonly records?: string;
  readonly progress?: (progress: CompileProgress) => void;
}

/**
 * Compiles an ONNX file for this machine.
 * @throws OnboxError of readModel, understand and compile
 */
export async function compileFile(path: string, options: CompileFileOptions): Promise<CompileReport> {
  const { name, outFolder, target, threads, records, progress, ...rest } = options;
  progress?.({ stage: 'import' });
  return await compile({
    ...(await loadModel(path, rest)),
    name,
    outFolder,
    ...(target === undefined ? {} : { target }),
    ...(threads === undefined ? {} : { threads }),
    ...(records === undefined ? {} : { records }),
    ...(progress === undefined ? {} : { progress }),
  });
}

/** What a compile starts from: the graph of an ONNX file, what its pictures and answers mean, and its digest. */
export async function loadModel(
  path: string,
  options: UnderstandOptions,
): Promise<Pick<CompileRequest, 'graph' | 'spec' | 'modelDigest'>> {
  const bytes = await readFile(path);
  const { graph, spec } = understand(readModel(bytes), options);
  return { graph, spec, modelDigest: createHash('sha256').update(bytes).digest('hex') };
}
