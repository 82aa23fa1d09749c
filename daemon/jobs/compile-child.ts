// The job child: takes one request, says how far it is, answers once and ends. Started by compile-job.ts with fork().

import { getPriority, setPriority } from 'node:os';
import { errorCode, errorMessage } from '../../runtime/index.js';
import { errorFacts } from '../api/errors.js';
import { compileOnnx } from './compile-onnx.js';
import type { CompileProgress, CompileResult, FromJobChild, ToJobChild, TuneResult } from './messages.js';
import { signalTree } from './tree.js';
import { tuneOnnx } from './tune-onnx.js';

/** Answers one request. @param args the niceness to run with */
export function serveJob(compile: typeof compileOnnx, tune: typeof tuneOnnx, args: readonly string[]): void {
  const niceness = Number(args[0] ?? 0);
  // Lowering it is for root only: whoever started onbox with `nice` meant it.
  if (niceness > getPriority()) setPriority(niceness);
  // Without a supervisor the result has no owner: this process ends, and what it started with it.
  process.on('disconnect', () => signalTree(process.pid, 'SIGKILL'));
  const finish = new AbortController();
  const progress = (at: CompileProgress): void => send({ kind: 'progress', progress: at });
  const answer = (result: Promise<CompileResult | TuneResult>): void => {
    result.then(
      (done) => send({ kind: 'done', result: done }),
      (error: unknown) => send({ kind: 'failed', error: factsOf(error) }),
    );
  };
  process.on('message', (message: ToJobChild) => {
    if (message.kind === 'compile') answer(compile(message.request, progress));
    else if (message.kind === 'tune') answer(tune(message.request, progress, finish.signal));
    else finish.abort();
  });
}

function send(message: FromJobChild): void {
  if (process.connected) process.send?.(message, () => undefined);
}

/** A bug's text is for the log, which the parent writes; here it must not be lost. */
function factsOf(error: unknown): ReturnType<typeof errorFacts> {
  if (errorCode(error) !== 'internal') return errorFacts(error);
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  return { code: 'compile-failed', message: `the compiler failed: ${errorMessage(error)}` };
}

if (require.main === module) serveJob(compileOnnx, tuneOnnx, process.argv.slice(2));
