// The compile child: takes one request, says how far it is, answers once and ends. Started by compile-job.ts with fork().

import { getPriority, setPriority } from 'node:os';
import { errorCode, errorMessage } from '../../runtime/index.js';
import { errorFacts } from '../api/errors.js';
import { compileOnnx } from './compile-onnx.js';
import type { CompileRequest, FromCompiler } from './messages.js';

/** Answers one request. @param args the niceness to run with */
export function serveCompile(compile: typeof compileOnnx, args: readonly string[]): void {
  const niceness = Number(args[0] ?? 0);
  // Lowering it is for root only: whoever started onbox with `nice` meant it.
  if (niceness > getPriority()) setPriority(niceness);
  // Without a supervisor the result has no owner: this process ends, and the C compilers that it started with it.
  process.on('disconnect', () => endGroup());
  process.once('message', (request: CompileRequest) => {
    compile(request, (progress) => send({ kind: 'progress', progress })).then(
      (result) => send({ kind: 'done', result }),
      (error: unknown) => send({ kind: 'failed', error: factsOf(error) }),
    );
  });
}

function send(message: FromCompiler): void {
  if (process.connected) process.send?.(message, () => undefined);
}

/** A bug's text is for the log, which the parent writes; here it must not be lost. */
function factsOf(error: unknown): ReturnType<typeof errorFacts> {
  if (errorCode(error) !== 'internal') return errorFacts(error);
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  return { code: 'compile-failed', message: `the compiler failed: ${errorMessage(error)}` };
}

function endGroup(): void {
  try {
    process.kill(-process.pid, 'SIGKILL');
  } catch {
    process.exit(1);
  }
}

if (require.main === module) serveCompile(compileOnnx, process.argv.slice(2));
