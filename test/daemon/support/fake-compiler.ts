// A compile child that pretends to compile. The "ONNX file" is a command in words: `good TASK`, `damaged-first TASK MARK`,
// `invalid`, `unsupported`, `crash`, `bug`, `sleep MS`.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { serveJob } from '../../../daemon/jobs/compile-child.js';
import type { CompileProgress, CompileRequest, CompileResult, TuneRequest, TuneResult } from '../../../daemon/jobs/messages.js';
import { OnboxError, type Task } from '../../../runtime/index.js';

async function compile(
  { onnx, outFolder, options }: CompileRequest,
  onProgress: (progress: CompileProgress) => void,
): Promise<CompileResult> {
  const bytes = readFileSync(onnx);
  const [verb = '', argument = '', mark = ''] = bytes.toString('utf8').trim().split(' ');
  onProgress({ stage: 'import' });
  onProgress({ stage: 'kernels', completed: 1, total: 2 });
  if (verb === 'invalid') throw new OnboxError('this is no ONNX model', { code: 'model-invalid' });
  if (verb === 'unsupported') {
    const operators = [{ op: 'Loop', domain: '', nodes: ['loop_1'] }];
    throw new OnboxError('onbox lacks the operator Loop', { code: 'unsupported-operators', details: { operators } });
  }
  if (verb === 'crash') process.kill(process.pid, 'SIGKILL');
  if (verb === 'bug') throw new Error('a bug of the compiler');
  if (verb === 'sleep') await new Promise((resolve) => setTimeout(resolve, Number(argument)));
  mkdirSync(outFolder);
  const isDamaged = verb === 'damaged-first' && !existsSync(mark);
  if (isDamaged) writeFileSync(mark, '');
  writeFileSync(join(outFolder, 'state'), isDamaged ? 'module-damaged' : createHash('md5').update(bytes).digest('hex'));
  const task = options.task ?? (verb === 'good' || verb === 'damaged-first' ? (argument as Task) : 'detect');
  return {
    digest: createHash('sha256').update(bytes).digest('hex'),
    task,
    labels: options.labels ?? ['thing'],
    head: 'yolov8',
    inputs: [{ name: 'images', dtype: 'f32', shape: [1, 3, 8, 8] }],
    outputs: [{ name: 'out', dtype: 'f32', shape: [1, 4] }],
    device: 'cpu',
    report: { compileSeconds: 0.1 },
  };
}

/** Finds something twice as fast after `trials` steps of 20 ms. */
async function tune(
  request: TuneRequest,
  onProgress: (progress: CompileProgress) => void,
  signal: AbortSignal,
): Promise<TuneResult> {
  const { trials } = request.budget;
  for (let trial = 1; trial <= trials && !signal.aborted; trial++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    onProgress({ stage: 'tuning', completed: trial, total: trials, facts: { best_ms: 1 / trial } });
  }
  const compiled = await compile(request, onProgress);
  const speed = (ms: number) => ({ medianMs: ms, leastMs: ms });
  return {
    compiled,
    report: { layers: [], peakFlopsPerNs: 1, threads: 1, seconds: 1, busySeconds: 1 },
    before: speed(2),
    after: speed(1),
  };
}

serveJob(compile, tune, process.argv.slice(2));
