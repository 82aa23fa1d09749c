// A compile child that pretends to compile. The "ONNX file" is a command in words: `good TASK`, `damaged-first TASK MARK`,
// `invalid`, `unsupported`, `crash`, `bug`, `sleep MS`.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { serveCompile } from '../../../daemon/jobs/compile-child.js';
import type { CompileRequest, CompileResult } from '../../../daemon/jobs/messages.js';
import { OnboxError, type Task } from '../../../runtime/index.js';

serveCompile(async ({ onnx, outFolder, options }: CompileRequest, onProgress): Promise<CompileResult> => {
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
}, process.argv.slice(2));
