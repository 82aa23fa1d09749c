// From an ONNX file to a module: read, import, describe, compile.

import { createHash } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { OnboxError } from '../core/error.js';
import { type CompileProgress, type CompileReport, type CompileRequest, compile } from '../module/compile.js';
import { sizeFolder } from '../module/files.js';
import { readModel } from '../onnx/read.js';
import { type UnderstandOptions, understand } from './understand.js';

export interface CompileFileOptions extends UnderstandOptions {
  readonly name: string;
  readonly outFolder: string;
  /** Shapes of inputs for further sizes of the picture, which each get a module of their own beside the first. */
  readonly otherInputs?: readonly NonNullable<UnderstandOptions['inputs']>[];
  readonly target?: CompileRequest['target'];
  readonly probe?: CompileRequest['probe'];
  readonly place?: CompileRequest['place'];
  readonly precision?: CompileRequest['precision'];
  readonly threads?: number;
  /** See CompileRequest. */
  readonly exact?: boolean;
  /** A file of what was measured on this machine, to take schedules from. It need not be there. */
  readonly records?: string;
  readonly progress?: (progress: CompileProgress) => void;
}

/**
 * Compiles an ONNX file for this machine. A compile that fails leaves nothing.
 * @returns what it made of the first size
 * @throws OnboxError of readModel, understand and compile; `sizes-invalid` if there are several and the model takes no picture or means
 *   something else at another size
 */
export async function compileFile(path: string, options: CompileFileOptions): Promise<CompileReport> {
  const { otherInputs = [], ...first } = options;
  if (otherInputs.length === 0) return await compileSize(path, first);
  const report = await compileSize(path, { ...first, otherSizes: otherInputs.length });
  try {
    for (const [i, inputs] of otherInputs.entries()) {
      const outFolder = join(first.outFolder, sizeFolder(i + 1));
      requireSameModel(report, await compileSize(path, { ...first, inputs, outFolder }));
    }
    return report;
  } catch (error) {
    await rm(first.outFolder, { recursive: true, force: true });
    throw error;
  }
}

function requireSameModel({ manifest: first }: CompileReport, { manifest: other }: CompileReport): void {
  if (first.image === undefined || other.image === undefined) {
    throw new OnboxError('several sizes are for models that take one picture', { code: 'sizes-invalid' });
  }
  const [before, after] = [first, other].map(({ task, head }) => `task ${task}, head ${head?.kind ?? 'none'}`);
  if (before === after) return;
  const sizes = [first.image, other.image].map(({ width, height }) => `${width}x${height}`);
  throw new OnboxError(`the model is ${before} at ${sizes[0]}, but ${after} at ${sizes[1]}`, { code: 'sizes-invalid' });
}

async function compileSize(
  path: string,
  options: Omit<CompileFileOptions, 'otherInputs'> & Pick<CompileRequest, 'otherSizes'>,
): Promise<CompileReport> {
  const { name, outFolder, otherSizes, target, probe, place, precision, threads, exact, records, progress, ...rest } = options;
  progress?.({ stage: 'import' });
  return await compile({
    ...(await loadModel(path, rest)),
    name,
    outFolder,
    ...(otherSizes === undefined ? {} : { otherSizes }),
    ...(target === undefined ? {} : { target }),
    ...(probe === undefined ? {} : { probe }),
    ...(place === undefined ? {} : { place }),
    ...(precision === undefined ? {} : { precision }),
    ...(threads === undefined ? {} : { threads }),
    ...(exact === undefined ? {} : { exact }),
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
  const modelDigest = createHash('sha256').update(bytes).digest('hex');
  const { graph, spec } = understand(readModel(bytes), options);
  return { graph, spec, modelDigest };
}
