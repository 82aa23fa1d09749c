// The engine child: owns the device, decodes images, runs sessions, decodes heads. It may be killed at any moment; whatever
// it had not answered is given to the next one. Started by process.ts with fork().

import { decodePicture, fitPicture, openModel } from '../../runtime/index.js';
import { errorFacts } from '../api/errors.js';
import { createLog } from '../log.js';
import { type FromChild, sharedFd, type ToChild, type Work } from './messages.js';
import { unpack } from './shared-bytes.js';
import { createWorker, type EngineRuntime } from './worker.js';

/** Answers work until the supervisor goes. @param args threads (0: the runtime's own choice) and how many modules stay open */
export function serveWork(runtime: EngineRuntime, args: readonly string[]): void {
  const threads = Number(args[0] ?? 0);
  const modelsMax = Number(args[1] ?? 8);
  const log = createLog((line) => process.stderr.write(line));
  const work = createWorker(runtime, { threads: threads === 0 ? undefined : threads, modelsMax });
  const send = (message: FromChild): void => {
    // Without a supervisor nobody waits for answers, and 'disconnect' ends this process.
    if (process.connected) process.send?.(message, () => undefined);
  };

  process.on('message', (message: ToChild) => {
    // Read at once: the place is free for others when the answer is there.
    work(unpack<Work>(message.work, sharedFd)).then(
      (answer) => send({ kind: 'done', id: message.id, answer }),
      (error: unknown) => {
        const facts = errorFacts(error);
        if (facts.code === 'internal') log('engine-bug', { work: message.work.kind, stack: stackOf(error) });
        send({ kind: 'failed', id: message.id, error: facts });
      },
    );
  });
  // The supervisor decides when the engine ends; Ctrl-C on a terminal reaches the whole group.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => undefined);
  process.on('disconnect', () => process.exit(0));
  send({ kind: 'ready' });
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

if (require.main === module) serveWork({ openModel, decodePicture, fitPicture }, process.argv.slice(2));
