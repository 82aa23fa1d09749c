// The engine child: owns the device, decodes images, runs sessions, decodes heads. It may be killed at any moment; whatever
// it had not answered is given to the next one. Started by process.ts with fork().

import { totalmem } from 'node:os';
import { decodePicture, fitPicture, openModel } from '../../runtime/index.js';
import { errorFacts } from '../api/errors.js';
import { createLog } from '../log.js';
import { type Answer, answersFd, type LoadedModel, type SentByChild, type ToChild, type Work, workFd } from './messages.js';
import { inheritedFile, SharedBytes, type Stored, unpack } from './shared-bytes.js';
import { createWorker, type EngineRuntime } from './worker.js';

const mebi = 1024 * 1024;

/**
 * Answers work until the supervisor goes.
 * @param args threads (0: the runtime's own choice); how many models stay open; their memory in MiB (0: half of the machine's); how long one
 *   that nobody uses stays open, in s (0: until its place is needed)
 */
export function serveWork(runtime: EngineRuntime, args: readonly string[]): void {
  const [threads = 0, modelsMax = 8, memoryMb = 0, keepAliveS = 0] = args.map(Number);
  const bytesMax = memoryMb === 0 ? memoryOfMachine() / 2 : memoryMb * mebi;
  const keepAliveMs = keepAliveS === 0 ? null : keepAliveS * 1000;
  const log = createLog((line) => process.stderr.write(line));
  const send = (message: SentByChild): void => {
    // Without a supervisor nobody waits for answers, and 'disconnect' ends this process.
    if (process.connected) process.send?.(message, () => undefined);
  };
  const tellLoaded = (models: readonly LoadedModel[]): void =>
    send({ kind: 'loaded', loaded: { models, bytesMax, keepAliveMs } });
  const options = {
    threads: threads === 0 ? undefined : threads,
    modelsMax,
    bytesMax,
    keepAliveMs: keepAliveMs ?? Number.POSITIVE_INFINITY,
  };
  const work = createWorker(runtime, options, tellLoaded);

  const pack = createPacker();
  process.on('message', (message: ToChild) => {
    if ('read' in message) {
      pack.free(message.read);
      return;
    }
    // Read at once: the place is free for others when the answer is there.
    work(unpack<Work>(message.work, workFd)).then(
      (answer) => send(pack.answer(message.id, answer)),
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
  tellLoaded([]);
  send({ kind: 'ready' });
}

/** Lays large outputs down for the supervisor, which says when it has read them. */
function createPacker() {
  const fd = inheritedFile(answersFd);
  const shared = fd === undefined ? undefined : new SharedBytes(fd);
  const laid = new Map<number, readonly Stored[]>();
  return {
    answer(id: number, answer: Answer): SentByChild {
      // Other answers hold no bytes, and many objects to look through.
      if (shared === undefined || answer === null || !('outputs' in answer)) {
        return { kind: 'done', id, answer, isStored: false };
      }
      const { packed, places } = shared.pack(answer);
      if (places.length > 0) laid.set(id, places);
      return { kind: 'done', id, answer: packed, isStored: places.length > 0 };
    },
    free(id: number): void {
      shared?.free(laid.get(id) ?? []);
      laid.delete(id);
    },
  };
}

/** In bytes; less than what is built in where the service is held to less. */
function memoryOfMachine(): number {
  const held = process.constrainedMemory();
  return held > 0 ? Math.min(held, totalmem()) : totalmem();
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

if (require.main === module) serveWork({ openModel, decodePicture, fitPicture }, process.argv.slice(2));
