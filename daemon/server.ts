// The inventory of `onbox serve`: makes the parts, starts them in order, stops them in reverse. This process holds no native
// code; what may crash lives in the engine child and in compile children.

import { errorCode, errorMessage, OnboxError } from '../runtime/index.js';
import { type EmbeddedModel, missingEmbedded } from './embedded/index.js';
import { Engine, engineDefaults } from './engine/engine.js';
import type { ChildOptions } from './engine/process.js';
import { createApp } from './http/app.js';
import { MemoryBudget } from './http/budget.js';
import { ensureKey, keyPath, readKey } from './http/key.js';
import { type Listening, listen } from './http/listen.js';
import { Tickets } from './http/tickets.js';
import { type CompileChild, compileLimits, runCompile } from './jobs/compile-job.js';
import { digestOf, stageFile } from './jobs/install.js';
import { Jobs } from './jobs/jobs.js';
import type { CompileProgress } from './jobs/messages.js';
import type { Log } from './log.js';
import { packageVersion } from './root.js';
import { Service } from './service.js';
import { ModelStore, type StoredModel } from './store/store.js';
import { Streams } from './ws/streams.js';

export interface ServerOptions {
  readonly home: string;
  readonly host: string;
  readonly port: number;
  /** Serve without a key off loopback. */
  readonly isInsecure: boolean;
  /** Another key file than the home's. */
  readonly keyFile: string | undefined;
  /** Names of this machine that may stand in the Host header. */
  readonly hosts: readonly string[];
  readonly modelBytesMax: number;
  readonly log: Log;
  readonly engineChild: ChildOptions;
  readonly compileChild: CompileChild;
  readonly engineDeadlineMs?: number;
  /** The models that are to be there at the start. */
  readonly embedded: readonly EmbeddedModel[];
  /** Told what the first start compiles. */
  readonly onProgress?: (model: string, progress: CompileProgress) => void;
}

export interface RunningServer {
  readonly host: string;
  readonly port: number;
  /** Path of the key file if clients need a key. */
  readonly keyFile: string | undefined;
  readonly engine: Engine;
  /** Finishes what runs, refuses what is new; at most about 10 s. */
  stop(): Promise<void>;
}

/** Memory of all picture bodies together: eight of the largest. */
const bodyBytesMax = 256 * 1024 * 1024;
const jobsWaitingMax = 8;
/** WebSockets at once. */
const streamsMax = 64;
/** Running requests get this long at the end, in ms; then connections are cut. */
const drainMs = 5000;

/** @throws OnboxError `key-unusable`, `listen-failed`, or what compiling an embedded model threw */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { log, compileChild } = options;
  const store = new ModelStore(options.home);
  await store.prepare();
  const { key, keyFile } = await access(options);
  const engine = new Engine({
    ...engineDefaults,
    ...(options.engineDeadlineMs === undefined ? {} : { deadlineMs: options.engineDeadlineMs }),
    child: options.engineChild,
    log,
  });
  const jobs = new Jobs<StoredModel>({ waitingMax: jobsWaitingMax });
  const service = new Service({
    store,
    engine,
    jobs,
    log,
    version: packageVersion(),
    compile: (request, onProgress, signal) =>
      runCompile(request, { child: compileChild, limits: compileLimits, onProgress, signal }),
  });
  engine.start();
  const budget = new MemoryBudget(bodyBytesMax);
  const tickets = new Tickets();
  let listening: Listening;
  let streams: Streams;
  try {
    await installEmbedded(store, service, options);
    const { hosts, modelBytesMax } = options;
    const app = createApp({ service, store, log, key, hosts, modelBytesMax, budget, tickets });
    streams = new Streams({ service, tickets, budget, counter: service.statistics, log, key, hosts, streamsMax });
    const upgrade = streams.upgrade.bind(streams);
    listening = await listen(app, { host: options.host, port: options.port, upgrade });
  } catch (error) {
    await jobs.stop();
    await engine.stop();
    throw error;
  }
  const { host, port } = listening;
  log('listening', { host, port, key: keyFile !== undefined });
  return { host, port, keyFile, engine, stop: () => stopAll(listening, streams, jobs, engine, log) };
}

/** Loopback is open; every other address wants a key, unless the owner insists. */
async function access(
  options: ServerOptions,
): Promise<{ readonly key: string | undefined; readonly keyFile: string | undefined }> {
  const keyFile = options.keyFile ?? keyPath(options.home);
  if (options.keyFile === undefined) await ensureKey(keyFile);
  if (isLoopback(options.host) && options.keyFile === undefined) return { key: undefined, keyFile: undefined };
  if (options.isInsecure) {
    options.log('no-key', { host: options.host, warning: 'everyone who reaches this address can use and replace the models' });
    return { key: undefined, keyFile: undefined };
  }
  try {
    return { key: await readKey(keyFile), keyFile };
  } catch (cause) {
    throw new OnboxError(
      `onbox does not listen on ${options.host} without a key (${errorMessage(cause)}); --insecure overrides`,
      {
        code: 'key-unusable',
        cause,
      },
    );
  }
}

/** Addresses and names that only this machine can reach. */
function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.[0-9]{1,3}){3}$/.test(host);
}

/** A demonstration that cannot be compiled must not keep the owner's own models from being served. */
async function installEmbedded(store: ModelStore, service: Service, options: ServerOptions): Promise<void> {
  for (const { name, onnx } of await missingEmbedded(store, options.embedded)) {
    try {
      const staging = await stageFile(store, onnx);
      const put = { name, staging, digest: await digestOf(onnx), options: {}, embedded: true };
      await service.put(put, (progress) => options.onProgress?.(name, progress));
    } catch (error) {
      options.log('embedded-failed', { name, code: errorCode(error), reason: errorMessage(error) });
    }
  }
}

async function stopAll(
  listening: Listening,
  streams: Streams,
  jobs: Jobs<StoredModel>,
  engine: Engine,
  log: Log,
): Promise<void> {
  log('stopping');
  streams.stop();
  const closed = listening.close(drainMs);
  await Promise.all([engine.drain(drainMs), jobs.stop()]);
  await engine.stop();
  await closed;
  log('stopped');
}
