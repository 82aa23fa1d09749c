// Following a job: its lines as they come, from whatever process, until it has ended. A reader that is slow misses nothing and holds
// nobody, because the lines lie on the disk.

import { OnboxError } from '../../runtime/index.js';
import { errorFrom } from '../api/errors.js';
import type { JobFacts } from '../api/types.js';
import { hasEnded, isAbandoned, type Job, type JobBook, type JobLine } from './book.js';

/** How often a follower looks, in ms. */
const lookMs = 100;
/** So often it looks for the last line of a job that has ended, which is written a moment after the end. */
const lastLooks = 10;

/**
 * Lines from number `from` on. The last has a `status` of `success` or an `error`.
 * @param signal ends the following, not the job
 * @throws OnboxError `job-missing`
 */
export async function* followJob(book: JobBook, id: string, from = 0, signal?: AbortSignal): AsyncGenerator<JobLine> {
  let offset = 0;
  let looks = 0;
  for (;;) {
    // In this order, so that the last line of a job that has ended is seen.
    const job = await book.find(id);
    const read = await book.linesAfter(id, offset);
    for (const line of read.lines) {
      if (Number(line['seq']) >= from) yield line;
      if (isLast(line)) return;
    }
    const isThrough = read.offset === offset;
    offset = read.offset;
    if (isThrough && (hasEnded(job) || isAbandoned(job)) && looks++ >= (hasEnded(job) ? lastLooks : 0)) {
      yield lastLineOf(job);
      return;
    }
    if (signal?.aborted === true) return;
    if (isThrough) await new Promise((resolve) => setTimeout(resolve, lookMs));
  }
}

/**
 * Waits until a job has ended.
 * @throws OnboxError what the job failed with, `job-cancelled`, `job-interrupted` if its process is gone
 */
export async function endOfJob(book: JobBook, id: string, onLine: (line: JobLine) => void, signal?: AbortSignal): Promise<Job> {
  for await (const line of followJob(book, id, 0, signal)) onLine(line);
  return requireDone(await book.find(id));
}

/** @throws OnboxError as endOfJob */
export function requireDone(job: Job): Job {
  if (job.error !== undefined) throw errorFrom(job.error);
  if (job.state === 'done') return job;
  throw interrupted(job);
}

/** How a job is told to the outside. */
export function describeJob(job: Job): JobFacts {
  const { id, kind, model, digest, createdAt, startedAt, endedAt, version, report, error } = job;
  const isGone = isAbandoned(job);
  return {
    id,
    kind,
    model,
    state: isGone ? 'failed' : job.state,
    // It is taken up again by the next start of the daemon.
    ...(isGone ? { resumable: true } : {}),
    digest: `sha256:${digest}`,
    createdAt,
    startedAt: startedAt ?? null,
    endedAt: endedAt ?? null,
    ...(version === undefined ? {} : { version }),
    ...(report === undefined ? {} : { report }),
    ...(isGone ? { error: { code: 'job-interrupted', message: interrupted(job).message } } : {}),
    ...(error === undefined ? {} : { error }),
  };
}

function isLast(line: JobLine): boolean {
  return line['status'] === 'success' || line['error'] !== undefined;
}

function lastLineOf(job: Job): JobLine {
  if (job.state === 'done') return { status: 'success', model: job.model, version: job.version };
  const { code, message } = job.error ?? { code: 'job-interrupted', message: interrupted(job).message };
  return { error: message, code };
}

function interrupted({ id }: Job): OnboxError {
  return new OnboxError(`the process that ran job ${id} is gone; the next start of the daemon takes the job up again`, {
    code: 'job-interrupted',
  });
}
