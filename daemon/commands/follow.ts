// Jobs from the command line: those of this machine's home are started in a process of their own and followed from this one, those of a
// daemon are followed through its client.

import { join } from 'node:path';
import type { Client } from '../api/client.js';
import { errorFrom } from '../api/errors.js';
import type { JobFacts } from '../api/types.js';
import { type Job, JobBook, type JobLine, type JobRequest } from '../jobs/book.js';
import { endOfJob } from '../jobs/follow.js';
import { startHost } from '../jobs/host.js';
import { digestOf } from '../jobs/install.js';
import { jobKey } from '../jobs/jobs.js';
import { type ModelStore, onnxFile } from '../store/store.js';
import type { Terminal } from './command.js';
import { createProgress, type Progress } from './progress.js';

/** How long the last lines of a process that has ended may take, in ms. */
const lingerMs = 1000;

/**
 * Starts a compile, or finds the one that does the same, and follows it.
 * @param staging a staging folder with the model; it is gone afterwards
 * @throws OnboxError of followLocal
 */
export async function compileLocal(
  store: ModelStore,
  staging: string,
  request: Pick<JobRequest, 'options' | 'isDefault'> & { readonly name: string },
  terminal: Terminal,
): Promise<Job> {
  const { name: model, ...more } = request;
  const digest = await digestOf(join(staging, onnxFile));
  const key = jobKey('compile', model, digest, request.options);
  // Whoever waits at a terminal is not served by a compile that steps back.
  return await startAndFollow(
    store,
    { kind: 'compile', key, model, digest, embedded: false, niceness: 0, ...more },
    staging,
    terminal,
  );
}

/** The same for a search. */
export async function tuneLocal(
  store: ModelStore,
  name: string,
  request: Pick<JobRequest, 'options' | 'budget'>,
  terminal: Terminal,
): Promise<Job> {
  const { digest, embedded } = (await store.find(name)).record;
  await store.prepare();
  const staging = await store.stage();
  const key = jobKey('tune', name, digest, request.options);
  return await startAndFollow(
    store,
    { kind: 'tune', key, model: name, digest, embedded, niceness: 0, ...request },
    staging,
    terminal,
  );
}

async function startAndFollow(store: ModelStore, request: JobRequest, staging: string, terminal: Terminal): Promise<Job> {
  const book = new JobBook(store);
  try {
    const { resumes } = terminal;
    if (resumes !== undefined) return await followLocal(book, await book.find(resumes), terminal);
    const found = await book.findRunning(request.key);
    if (found !== undefined) return await followLocal(book, found, terminal);
    const job = await book.create(request, staging);
    return await followLocal(book, job, terminal, startHost(store.home, job.id, process.execArgv));
  } finally {
    await store.discard(staging);
  }
}

/**
 * Shows the progress of a job until it has ended, or nobody reads any more. Ctrl-C ends a search, and what it found is still compiled; it cancels anything else.
 * @param gone aborts when the process that runs it has ended
 * @throws OnboxError what it failed with, `job-cancelled`, `job-interrupted`
 */
export async function followLocal(book: JobBook, job: Job, terminal: Terminal, gone?: AbortSignal): Promise<Job> {
  const { id, kind, model } = job;
  const started = performance.now();
  const progress = createProgress(terminal, `${kind} ${model}`);
  // First, so that whoever reads of the job can follow it again if the link breaks.
  terminal.onJob?.(id);
  progress.show({ stage: `job ${id}` });
  let interrupts = 0;
  const onInterrupt = (): void => void book.askToStop(id, kind === 'tune' && interrupts++ === 0 ? 'finish' : 'cancel');
  const ending = new AbortController();
  const onGone = (): void => void setTimeout(() => ending.abort(), lingerMs).unref();
  gone?.addEventListener('abort', onGone);
  process.on('SIGINT', onInterrupt);
  try {
    const signal = AbortSignal.any([ending.signal, terminal.closed]);
    const ended = await endOfJob(book, id, (line) => showLine(progress, line), signal);
    progress.done(endText(ended.version, performance.now() - started));
    return ended;
  } catch (error) {
    progress.clear();
    throw error;
  } finally {
    process.off('SIGINT', onInterrupt);
  }
}

/**
 * Shows the progress of a job of a daemon until it has ended. Ctrl-C leaves the job alone.
 * @throws OnboxError what it failed with, `daemon-unreachable`
 */
export async function followThere(client: Client, { id, kind, model }: JobFacts, terminal: Terminal): Promise<JobFacts> {
  const started = performance.now();
  const progress = createProgress(terminal, `${kind} ${model}`);
  progress.show({ stage: `job ${id}` });
  try {
    for await (const line of client.followJob(id)) showLine(progress, line);
    const job = await client.job(id);
    if (job.error !== undefined) throw errorFrom(job.error);
    progress.done(endText(job.version, performance.now() - started));
    return job;
  } catch (error) {
    progress.clear();
    throw error;
  }
}

/** Shows a line of a job, of this home or of another machine. */
export function showLine(progress: Progress, line: JobLine): void {
  const { status, completed, total, layer, best_ms: best } = line;
  if (typeof status !== 'string' || status === 'queued' || status === 'success') return;
  const more = typeof layer === 'string' ? ` ${layer}${typeof best === 'number' ? ` ${best.toPrecision(3)} ms` : ''}` : '';
  const step = typeof total === 'number' && typeof completed === 'number' ? { completed, total } : {};
  progress.show({ stage: `${status}${more}`, ...step });
}

export function endText(version: unknown, elapsedMs: number): string {
  const seconds = `${(elapsedMs / 1000).toFixed(1)} s`;
  return typeof version === 'number' ? `installed version ${version} in ${seconds}` : `nothing better found in ${seconds}`;
}

/** @throws OnboxError what the last line of a job says that it failed with */
export function requireSuccess(last: JobLine | undefined): void {
  if (last?.['status'] === 'success') return;
  const [code, message] = [last?.['code'] ?? 'job-interrupted', last?.['error'] ?? 'the job did not end'];
  throw errorFrom({ code: String(code), message: String(message) });
}
