// The inventory of `onbox serve`: makes the parts, starts them in order, stops them in reverse. This process holds no native
// code; what may crash lives in the engine child and in compile children.

import { errorCode, errorMessage, OnboxError } from '../runtime/index.js';
import { tuneLimits } from './api/limits.js';
import type { DeepstackOptions } from './deepstack/options.js';
import { type EmbeddedModel, missingEmbedded } from './embedded/index.js';
import { Engine, engineDefaults } from './engine/engine.js';
import type { ChildOptions } from './engine/process.js';
import { createApp } from './http/app.js';
import { MemoryBudget } from './http/budget.js';
import { ensureKey, isLoopback, keyPath, readKey, requireKeyText } from './http/key.js';
import { type Keys, openKeys } from './http/keys.js';
import { type Listening, listen } from './http/listen.js';
import { Tickets } from './http/tickets.js';
import { readTls, type TlsFiles } from './http/tls.js';
import type { CompileChild } from './jobs/compile-job.js';
import { type IdleOptions, IdleTuner } from './jobs/idle.js';
import { digestOf, stageFile } from './jobs/install.js';
import { Jobs } from './jobs/jobs.js';
import type { CompileProgress } from './jobs/messages.js';
import type { Log } from './log.js';
import { packageVersion } from './root.js';
import { Service } from './service.js';
import { ModelStore } from './store/store.js';
import { TrackSessions } from './track/sessions.js';
import type { WatchedService } from './watchdog.js';
import { Streams } from './ws/streams.js';

export interface ServerOptions {
  readonly home: string;
  readonly host: string;
  readonly port: number;
  /** A socket that listens already, on this host and port. */
  readonly fd?: number | undefined;
  /** Serve without a key off loopback. */
  readonly isInsecure: boolean;
  /** Another key file than the home's. */
  readonly keyFile: string | undefined;
  /** A key that is asked for, also on loopback. */
  readonly key?: string | undefined;
  readonly tls?: TlsFiles | undefined;
  readonly limits?: Partial<ServerLimits>;
  readonly deepstack?: DeepstackOptions;
  readonly kserveName?: string;
  /** Tuning in quiet hours; none if undefined. */
  readonly idleTuning?: IdleOptions | undefined;
  /** Names of this machine that may stand in the Host header. */
  readonly hosts: readonly string[];
  readonly modelBytesMax: number;
  readonly log: Log;
  readonly engineChild: ChildOptions;
  readonly compileChild: CompileChild;
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
  /** What the watchdog looks at. */
  readonly watched: WatchedService;
  /** Reads the certificate again; the old one stays where the new one cannot be used. */
  reload(): Promise<void>;
  /** Finishes what runs, refuses what is new; at most about 10 s. */
  stop(): Promise<void>;
}

export interface ServerLimits {
  /** Memory of all picture bodies together. */
  readonly bodyBytesMax: number;
  readonly jobsWaitingMax: number;
  /** WebSockets at once. */
  readonly streamsMax: number;
  readonly connectionsMax: number;
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly answerTimeoutMs: number;
  readonly queueMax: number;
  readonly runningMax: number;
  /** Longest life of a request in the engine, waiting included, in ms. */
  readonly deadlineMs: number;
}

const limitsDefault: ServerLimits = {
  // Eight of the largest pictures.
  bodyBytesMax: 256 * 1024 * 1024,
  jobsWaitingMax: 8,
  streamsMax: 64,
  connectionsMax: 1024,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 900_000,
  answerTimeoutMs: 30_000,
  ...engineDefaults,
};
/** Running requests get this long at the end, in ms; then connections are cut. */
const drainMs = 5000;

/** @throws OnboxError `key-unusable`, `listen-failed`, or what compiling an embedded model threw */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { log } = options;
  const store = new ModelStore(options.home);
  await store.prepare();
  const { keys, keyFile, isOpen } = await access(options);
  const tls = options.tls === undefined ? undefined : await readTls(options.tls);
  const limits = { ...limitsDefault, ...options.limits };
  const { streamsMax, connectionsMax } = limits;
  const core = makeCore(options, store, limits);
  const { engine, jobs, service } = core;
  engine.start();
  const budget = new MemoryBudget(limits.bodyBytesMax);
  const tickets = new Tickets();
  const sessions = new TrackSessions({
    streamed: (name) => service.streamed(name),
    detect: (name, image, wanted, wait) => service.detectFrame(name, image, wanted, wait),
  });
  let listening: Listening;
  let streams: Streams;
  try {
    await jobs.resume();
    await installEmbedded(store, service, options);
    const { hosts, modelBytesMax, deepstack, kserveName } = options;
    const app = createApp({
      service,
      store,
      book: jobs.book,
      log,
      keys,
      hosts,
      modelBytesMax,
      budget,
      tickets,
      sessions,
      deepstack,
      kserveName,
      streams: () => streams.count,
      traffic: () => listening.traffic(),
    });
    streams = new Streams({ service, tickets, budget, counter: service.statistics, log, keys, hosts, streamsMax });
    const upgrade = streams.upgrade.bind(streams);
    const { headersTimeoutMs, requestTimeoutMs, answerTimeoutMs } = limits;
    const timeouts = { headersTimeoutMs, requestTimeoutMs, answerTimeoutMs };
    listening = await listen(app, {
      host: options.host,
      port: options.port,
      fd: options.fd,
      upgrade,
      tls,
      connectionsMax,
      ...timeouts,
    });
  } catch (error) {
    await jobs.stop();
    await engine.stop();
    throw error;
  }
  const { host, port } = listening;
  log('listening', { host, port, key: !isOpen, tls: tls !== undefined });
  const idle = startIdleTuner(options, store, core);
  const stop = async (): Promise<void> => {
    idle?.stop();
    await stopAll(listening, streams, jobs, engine, log);
  };
  const reload = () => renewTls(listening, options);
  const watched: WatchedService = {
    lastAnswerAt: () => service.statistics.lastAnswerAt,
    // Nothing is open under the empty name: the work does nothing but go all the way.
    probe: () => engine.run({ kind: 'release', module: '' }),
  };
  return { host, port, keyFile, engine, watched, reload, stop };
}

interface Access {
  /** Undefined: everyone is let in. */
  readonly keys: Keys | undefined;
  readonly keyFile: string | undefined;
  readonly isOpen: boolean;
}

/** Loopback is open; every other address wants a key, unless the owner insists. */
async function access(options: ServerOptions): Promise<Access> {
  const { home, host, log, key } = options;
  const keyFile = options.keyFile ?? keyPath(home);
  if (options.keyFile === undefined) await ensureKey(keyFile);
  const open: Access = { keys: undefined, keyFile: undefined, isOpen: true };
  if (isLoopback(host) && options.keyFile === undefined && key === undefined) return open;
  if (options.isInsecure) {
    log('no-key', { host, warning: 'everyone who reaches this address can use and replace the models' });
    return open;
  }
  try {
    const fixed = [...(key === undefined ? [] : [requireKeyText(key)]), await readKey(keyFile)];
    return { keys: await openKeys(home, fixed), keyFile, isOpen: false };
  } catch (cause) {
    const message = `onbox does not listen on ${host} without a key (${errorMessage(cause)}); --insecure overrides`;
    throw new OnboxError(message, { code: 'key-unusable', cause });
  }
}

async function renewTls(listening: Listening, { tls, log }: ServerOptions): Promise<void> {
  if (tls === undefined) return;
  try {
    listening.renew(await readTls(tls));
    log('tls-renewed', { cert: tls.cert });
  } catch (error) {
    log('tls-refused', { code: errorCode(error), reason: errorMessage(error) });
  }
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

/** What answers and what compiles; they know of each other. */
interface Core {
  readonly engine: Engine;
  readonly jobs: Jobs;
  readonly service: Service;
  /** True while a request runs or waits. */
  isBusy(): boolean;
}

function makeCore({ engineChild, compileChild, log }: ServerOptions, store: ModelStore, limits: ServerLimits): Core {
  const { queueMax, runningMax, deadlineMs, jobsWaitingMax } = limits;
  const engine = new Engine({ queueMax, runningMax, deadlineMs, child: engineChild, log });
  const isBusy = (): boolean => engine.state.running + engine.state.queued > 0;
  const jobs = new Jobs({
    store,
    child: compileChild,
    waitingMax: jobsWaitingMax,
    parallel: 1,
    log,
    isBusy,
    onDone: (job) => void service.installed(job),
  });
  const service = new Service({ store, engine, jobs, log, version: packageVersion() });
  return { engine, jobs, service, isBusy };
}

/** @returns undefined where the owner did not ask for it */
function startIdleTuner(
  { idleTuning, log }: ServerOptions,
  store: ModelStore,
  { jobs, service, isBusy }: Core,
): IdleTuner | undefined {
  if (idleTuning === undefined) return undefined;
  const start = (name: string, minutes: number) => service.startTune(name, { minutes, trials: tuneLimits.trials.max }, true);
  const hasJobs = (): boolean => jobs.state.running > 0;
  const { statistics, witness } = service;
  return new IdleTuner({ store, book: jobs.book, statistics, witness, log, isBusy, hasJobs, start }, idleTuning);
}

async function stopAll(listening: Listening, streams: Streams, jobs: Jobs, engine: Engine, log: Log): Promise<void> {
  log('stopping');
  streams.stop();
  const closed = listening.close(drainMs);
  await Promise.all([engine.drain(drainMs), jobs.stop()]);
  await engine.stop();
  await closed;
  log('stopped');
}
