// Jobs on disk. A job is a folder of the home, so that it outlives the process that asked for it and can be followed from any other.
//
//   jobs/j-NUMBER/job.json       what is to be done, whose process does it, and how it ended
//   jobs/j-NUMBER/lines.ndjson   its progress, one JSON object a line; the last one says how it ended
//   jobs/j-NUMBER/model/         model.onnx and model.onbox.json of a compile, until it has ended
//   jobs/j-NUMBER/stop           there if someone wants it to end: `cancel`, or `finish` for a search that may keep what it found

import { access, appendFile, mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OnboxError } from '../../runtime/index.js';
import type { ErrorFacts } from '../api/types.js';
import { fileErrorCode } from '../file-error.js';
import { syncPath, writeFileAtomic } from '../store/atomic.js';
import { isOwnerAlive, ownerToken } from '../store/owner.js';
import type { CompileOptions } from '../store/record.js';
import { asStorageError } from '../store/storage-error.js';
import type { ModelStore } from '../store/store.js';

export type JobState = 'queued' | 'running' | 'done' | 'failed' | 'cancelled';

/** What is to be done. Two requests with one `key` are one job. */
export interface JobRequest {
  readonly kind: 'compile' | 'tune';
  readonly key: string;
  readonly model: string;
  /** SHA-256 of the ONNX file, hex. */
  readonly digest: string;
  readonly options: CompileOptions;
  readonly embedded: boolean;
  /** The model answers for its task from then on. */
  readonly isDefault?: boolean;
  /** How far the children step back behind requests, 0 to 19. */
  readonly niceness: number;
  /** Of a search. */
  readonly budget?: { readonly minutes: number; readonly trials: number };
  /** A search that nobody asked for: it ends when a request comes. */
  readonly isIdle?: boolean;
}

export interface Job extends JobRequest {
  readonly id: string;
  readonly state: JobState;
  /** Token of the process that runs it or will (store/owner.ts). */
  readonly owner: string;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  readonly startedAt?: string;
  readonly endedAt?: string;
  /** The version that was installed; null if a search found nothing better. */
  readonly version?: number | null;
  readonly report?: Readonly<Record<string, unknown>>;
  readonly error?: ErrorFacts;
}

/** A line of progress, with the number `seq` that a follower can come back to. */
export type JobLine = Readonly<Record<string, unknown>>;

/** Jobs that have ended and are kept. */
const endedMax = 50;
const modelPart = 'model';

export class JobBook {
  private readonly store: ModelStore;

  constructor(store: ModelStore) {
    this.store = store;
  }

  /**
   * Writes a job down, owned by this process.
   * @param staging a staging folder of the store with model.onnx; it is the job's from here on
   * @throws OnboxError of asStorageError
   */
  async create(request: JobRequest, staging: string): Promise<Job> {
    const draft = await this.store.stage();
    try {
      await mkdir(this.folder(''), { recursive: true, mode: 0o750 });
      await rename(staging, join(draft, modelPart));
      for (;;) {
        const id = `j-${Math.max(0, ...(await this.numbers())) + 1}`;
        const first: Job = { ...request, id, state: 'queued', owner: ownerToken(), createdAt: new Date().toISOString() };
        const line = { seq: 0, job: id, kind: request.kind, model: request.model, status: 'queued' };
        await writeFileAtomic(join(draft, 'job.json'), JSON.stringify(first));
        await writeFile(join(draft, 'lines.ndjson'), `${JSON.stringify(line)}\n`);
        try {
          await rename(draft, this.folder(id));
          await syncPath(this.folder(''));
          return first;
        } catch (error) {
          // Another process took the number.
          if (!['ENOTEMPTY', 'EEXIST'].includes(fileErrorCode(error) ?? '')) throw error;
        }
      }
    } catch (error) {
      await this.store.discard(draft);
      throw asStorageError(error, `the job for "${request.model}" cannot be written down`);
    }
  }

  /** Oldest first. */
  async list(): Promise<Job[]> {
    const jobs: Job[] = [];
    for (const number of await this.numbers()) {
      const job = await this.find(`j-${number}`).catch(() => undefined);
      if (job !== undefined) jobs.push(job);
    }
    return jobs;
  }

  /** The job with a key that has not ended, whichever process runs it. */
  async findRunning(key: string): Promise<Job | undefined> {
    return (await this.list()).find((job) => job.key === key && !hasEnded(job) && !isAbandoned(job));
  }

  /** @throws OnboxError `job-missing` */
  async find(id: string): Promise<Job> {
    const isId = /^j-[1-9][0-9]{0,14}$/.test(id);
    try {
      if (isId) return JSON.parse(await readFile(join(this.folder(id), 'job.json'), 'utf8')) as Job;
    } catch (cause) {
      throw missing(id, cause);
    }
    throw missing(id);
  }

  async update(job: Job, change: Partial<Job>): Promise<Job> {
    const next = { ...job, ...change };
    await writeFileAtomic(join(this.folder(job.id), 'job.json'), JSON.stringify(next));
    return next;
  }

  /** The folder with the model of a compile. */
  modelFolder(id: string): string {
    return join(this.folder(id), modelPart);
  }

  async append(id: string, lines: readonly JobLine[]): Promise<void> {
    await appendFile(join(this.folder(id), 'lines.ndjson'), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  }

  /**
   * The whole lines from a place of the file on.
   * @returns them with the place behind the last
   */
  async linesAfter(id: string, offset: number): Promise<{ readonly lines: readonly JobLine[]; readonly offset: number }> {
    const file = await open(join(this.folder(id), 'lines.ndjson'), 'r').catch((cause: unknown) => {
      throw missing(id, cause);
    });
    try {
      const buffer = Buffer.alloc(64 * 1024);
      const { bytesRead } = await file.read(buffer, 0, buffer.length, offset);
      const end = buffer.lastIndexOf(10, bytesRead - 1) + 1;
      const text = bytesRead === 0 ? '' : buffer.toString('utf8', 0, end);
      return { lines: text.split('\n').flatMap(parseLine), offset: offset + (bytesRead === 0 ? 0 : end) };
    } finally {
      await file.close();
    }
  }

  /**
   * Asks the process that runs a job to end it; a job that nobody runs any more is cancelled at once.
   * @throws OnboxError `job-missing`
   */
  async askToStop(id: string, how: 'cancel' | 'finish'): Promise<void> {
    const job = await this.find(id);
    if (hasEnded(job)) return;
    if (!isAbandoned(job)) return await writeFile(join(this.folder(id), 'stop'), how);
    const error = { code: 'job-cancelled', message: `job ${id} was cancelled` };
    await this.update(job, { state: 'cancelled', endedAt: new Date().toISOString(), error });
    await this.clear(id);
  }

  /** What was asked for with `askToStop`. */
  async stopAsked(id: string): Promise<'cancel' | 'finish' | undefined> {
    const text = await readFile(join(this.folder(id), 'stop'), 'utf8').catch(() => undefined);
    return text === undefined ? undefined : text === 'finish' ? 'finish' : 'cancel';
  }

  /** Removes the model of a job that has ended, and the oldest jobs that have. */
  async clear(id: string): Promise<void> {
    await rm(this.modelFolder(id), { recursive: true, force: true });
    const ended = (await this.list()).filter(hasEnded);
    for (const old of ended.slice(0, -endedMax)) await rm(this.folder(old.id), { recursive: true, force: true });
  }

  async hasModel(id: string): Promise<boolean> {
    return await access(this.modelFolder(id)).then(
      () => true,
      () => false,
    );
  }

  private async numbers(): Promise<number[]> {
    const names = await readdir(this.folder('')).catch(() => []);
    return names.flatMap((name) => (/^j-[1-9][0-9]{0,14}$/.test(name) ? [Number(name.slice(2))] : [])).sort((a, b) => a - b);
  }

  private folder(id: string): string {
    return join(this.store.home, 'jobs', id);
  }
}

export function hasEnded({ state }: Job): boolean {
  return state !== 'queued' && state !== 'running';
}

/** True for a job that nobody works on any more, though it has not ended: its process was killed. */
export function isAbandoned(job: Job): boolean {
  return !hasEnded(job) && !isOwnerAlive(job.owner);
}

export function numberOfJob({ id }: Job): number {
  return Number(id.slice(2));
}

function parseLine(text: string): JobLine[] {
  try {
    return text === '' ? [] : [JSON.parse(text) as JobLine];
  } catch {
    // The half of a line that a power cut left.
    return [];
  }
}

function missing(id: string, cause?: unknown): OnboxError {
  return new OnboxError(`there is no job "${id.slice(0, 40)}"`, { code: 'job-missing', cause });
}
