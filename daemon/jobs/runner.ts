// Runs one job of the book to its end: waits for its turn, does the work in a child, installs what came out, and writes down every step.
// The daemon does this for the jobs it is asked for; the command line has a process of its own do it.

import { link, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode, errorMessage, OnboxError } from '../../runtime/index.js';
import { errorFacts } from '../api/errors.js';
import { recordsPath } from '../store/home.js';
import { ownerToken } from '../store/owner.js';
import { type ModelStore, moduleFolder, onnxFile, type StoredModel, sidecarFile } from '../store/store.js';
import { hasEnded, isAbandoned, type Job, type JobBook, type JobLine, numberOfJob } from './book.js';
import { type CompileChild, compileLimits, runCompile, runTune } from './compile-job.js';
import { compileAndInstall, stageFile } from './install.js';
import type { CompileProgress, TuneResult } from './messages.js';

export interface RunnerOptions {
  readonly store: ModelStore;
  readonly book: JobBook;
  readonly child: CompileChild;
  /** Jobs of this home that may run at once. */
  readonly parallel: number;
  /** True while requests run, when nothing may be measured. */
  readonly isBusy?: () => boolean;
  readonly onProgress?: (progress: CompileProgress) => void;
  /** Told before the end is written down: from then on nobody may share the job. */
  readonly onEnding?: () => void;
}

/** A new module must take at most this share of the old one's time. */
const shareMax = 0.99;
/** How often a job looks whether it is its turn, and whether someone wants it to end, in ms. */
const lookMs = 150;
/** A follower hears something at least so often, and of one stage at most so often, in ms. */
const quietMs = 4000;
const lineMs = 200;

/**
 * Runs a job that has not ended. It ends in the book as `done`, `failed` or `cancelled`; this does not throw for that.
 * @param stopping leaves the job as it is, for another process to take up
 */
export async function runJob(options: RunnerOptions, given: Job, stopping?: AbortSignal): Promise<Job> {
  const { book } = options;
  let job = await book.update(given, { state: 'queued', owner: ownerToken() });
  const lines = await JobLines.open(book, job.id);
  const ends = new Ends(book, job.id, stopping);
  try {
    await waitForTurn(options, job, ends.cancelled);
    job = await book.update(job, { state: 'running', startedAt: new Date().toISOString() });
    const work = job.kind === 'compile' ? compileJob : tuneJob;
    const done = await work(options, job, ends, (progress) => {
      lines.progress(progress);
      options.onProgress?.(progress);
    });
    options.onEnding?.();
    job = await book.update(job, { state: 'done', endedAt: new Date().toISOString(), ...done });
    await lines.last({ status: 'success', model: job.model, version: job.version, digest: `sha256:${job.digest}` });
  } catch (error) {
    const isLeft = stopping?.aborted === true && job.isIdle !== true && (await book.stopAsked(job.id)) !== 'cancel';
    // Owned by nobody, it is taken up by the next start.
    if (isLeft) return await book.update(job, { state: 'queued', owner: '' });
    options.onEnding?.();
    const facts = factsOf(error);
    const state = facts.code === 'job-cancelled' ? 'cancelled' : 'failed';
    job = await book.update(job, { state, endedAt: new Date().toISOString(), error: facts });
    await lines.last({ error: facts.message, code: facts.code });
  } finally {
    ends.close();
    lines.close();
  }
  await book.clear(job.id);
  return job;
}

/** What the store says of an install: a second version, not an error, if the power went between it and the book. */
async function compileJob(
  { store, book, child }: RunnerOptions,
  job: Job,
  { cancelled }: Ends,
  onProgress: (progress: CompileProgress) => void,
): Promise<Partial<Job>> {
  const { model: name, options, embedded, isDefault } = job;
  const staging = await stageLinks(store, book.modelFolder(job.id));
  const limits = { ...compileLimits, niceness: job.niceness };
  const installed = await compileAndInstall(store, { name, staging, options, embedded }, (request) =>
    runCompile(request, { child, limits, onProgress, signal: cancelled }),
  );
  if (isDefault === true) await store.setDefault(name);
  return { version: installed.version };
}

async function tuneJob(
  { store, child, isBusy }: RunnerOptions,
  job: Job,
  { cancelled, finished }: Ends,
  onProgress: (progress: CompileProgress) => void,
): Promise<Partial<Job>> {
  const stored = await store.find(job.model);
  const options = { ...stored.record.options, ...job.options };
  const staging = await stageFile(store, stored.onnx, join(stored.folder, sidecarFile));
  try {
    const outFolder = join(staging, moduleFolder);
    const budget = job.budget ?? { minutes: 10, trials: 1_000_000 };
    const request = { name: job.model, onnx: join(staging, onnxFile), module: stored.module, outFolder, options, budget };
    const limits = { ...compileLimits, niceness: job.niceness };
    const result = await runTune(
      { ...request, records: recordsPath(store.home) },
      { child, limits, onProgress, signal: cancelled, finish: finished, isBusy },
    );
    const version = isBetter(result) ? (await installTuned(store, stored, staging, result, options)).version : null;
    return { version, report: reportOf(result) };
  } finally {
    await store.discard(staging);
  }
}

function isBetter({ before, after }: TuneResult): boolean {
  return before === undefined || after.medianMs <= before.medianMs * shareMax;
}

/** @throws OnboxError `model-busy` if another version was installed meanwhile */
async function installTuned(
  store: ModelStore,
  { name, version, record }: StoredModel,
  staging: string,
  { compiled }: TuneResult,
  options: Job['options'],
): Promise<StoredModel> {
  if ((await store.find(name)).version !== version) {
    throw new OnboxError(`model "${name}" was replaced while version ${version} was tuned; what was measured is kept`, {
      code: 'model-busy',
    });
  }
  return await store.install(staging, name, { ...compiled, embedded: record.embedded, options });
}

function reportOf({ before, after, report }: TuneResult): Readonly<Record<string, unknown>> {
  return { before, after, ...report };
}

/** Jobs run in the order of their numbers, whichever process runs them. One whose process is gone holds nobody. */
async function waitForTurn({ book, parallel }: RunnerOptions, job: Job, cancelled: AbortSignal): Promise<void> {
  for (;;) {
    if (cancelled.aborted) throw new OnboxError(`job ${job.id} was cancelled`, { code: 'job-cancelled' });
    const others = await book.list();
    const before = others.filter((other) => numberOfJob(other) < numberOfJob(job) && !hasEnded(other) && !isAbandoned(other));
    if (before.length < parallel) return;
    await new Promise((resolve) => setTimeout(resolve, lookMs));
  }
}

/** A staging folder with the same files, so that the job still has them if the process dies. */
async function stageLinks(store: ModelStore, folder: string): Promise<string> {
  const staging = await store.stage();
  await mkdir(staging, { recursive: true });
  for (const entry of await readdir(folder)) await link(join(folder, entry), join(staging, entry));
  return staging;
}

/** Why a job has to end before it is done. */
class Ends {
  private readonly cancel = new AbortController();
  private readonly finish = new AbortController();
  private readonly timer: NodeJS.Timeout;

  constructor(book: JobBook, id: string, stopping: AbortSignal | undefined) {
    this.timer = setInterval(() => {
      void book.stopAsked(id).then((how) => {
        if (how === 'cancel') this.cancel.abort();
        if (how === 'finish') this.finish.abort();
      });
    }, lookMs);
    if (stopping?.aborted === true) this.cancel.abort();
    stopping?.addEventListener('abort', () => this.cancel.abort(), { signal: this.cancel.signal });
  }

  get cancelled(): AbortSignal {
    return this.cancel.signal;
  }

  get finished(): AbortSignal {
    return this.finish.signal;
  }

  close(): void {
    clearInterval(this.timer);
    // Takes the listener off the signal of the whole process.
    this.cancel.abort();
  }
}

/** The progress of a job as lines of the book: not more than anyone can read, and not less than keeps a proxy from cutting. */
class JobLines {
  private readonly book: JobBook;
  private readonly id: string;
  private readonly timer: NodeJS.Timeout;
  private seq: number;
  private latest: JobLine = { status: 'queued' };
  private writtenAt = performance.now();
  private isPending = false;
  private writing: Promise<void> = Promise.resolve();

  static async open(book: JobBook, id: string): Promise<JobLines> {
    let seq = 0;
    for (let offset = 0; ; ) {
      const read = await book.linesAfter(id, offset);
      seq = Number(read.lines.at(-1)?.['seq'] ?? seq);
      if (read.offset === offset) return new JobLines(book, id, seq + 1);
      offset = read.offset;
    }
  }

  private constructor(book: JobBook, id: string, seq: number) {
    this.book = book;
    this.id = id;
    this.seq = seq;
    this.timer = setInterval(() => {
      const age = performance.now() - this.writtenAt;
      if (age >= quietMs || (this.isPending && age >= lineMs)) this.write(this.latest);
    }, lineMs);
  }

  progress({ stage, completed, total, facts }: CompileProgress): void {
    const isNew = stage !== this.latest['status'];
    this.latest = { status: stage, ...(total === undefined ? {} : { completed: completed ?? 0, total }), ...facts };
    if (isNew) this.write(this.latest);
    else this.isPending = true;
  }

  async last(line: JobLine): Promise<void> {
    clearInterval(this.timer);
    this.write(line);
    await this.writing;
  }

  close(): void {
    clearInterval(this.timer);
  }

  private write(line: JobLine): void {
    const numbered = { seq: this.seq++, ...line };
    this.writtenAt = performance.now();
    this.isPending = false;
    // A disk that is full costs lines, not the job.
    this.writing = this.writing.then(() => this.book.append(this.id, [numbered])).catch(() => undefined);
  }
}

function factsOf(error: unknown): ReturnType<typeof errorFacts> {
  if (errorCode(error) !== 'internal') return errorFacts(error);
  return { code: 'compile-failed', message: `the job failed: ${errorMessage(error)}` };
}
