// What was measured on this box: JSON lines in one file that all models share, only ever appended to, so that two processes may write
// at once and a power cut costs the last line at most.

import { createHash } from 'node:crypto';
import { appendFileSync, closeSync, fstatSync, mkdirSync, openSync, readFileSync, readSync } from 'node:fs';
import { dirname } from 'node:path';
import { OnboxError } from '../core/error.js';
import type { WinogradFacts } from '../graph/passes/winograd.js';
import { printProgram } from '../loop/print.js';
import type { Program } from '../loop/program.js';
import { type AlgorithmRecord, algorithmRecordOf, convolutionKey } from './algorithm-record.js';
import { parseFields, type TuningRecord, tuningRecordOf } from './record.js';
import type { Schedule } from './steps.js';

/** A file larger than this is no record of anything. */
const fileBytesMax = 512 * 1024 * 1024;

/** Equal for programs that are equal but for the values that they are applied to: SHA-256 of the text, hex. */
export function taskKey(program: Program): string {
  return createHash('sha256').update(printProgram(program)).digest('hex');
}

/** Where a schedule was measured; the same schedule is another candidate elsewhere. */
export type Place = Pick<TuningRecord, 'device' | 'threads'>;

/** What a line of the file holds. */
export type RecordLine = TuningRecord | AlgorithmRecord;

/** The records of a file, in memory and on disk. */
export class Records {
  readonly path: string;
  private readonly lines = new Map<string, RecordLine>();
  private readonly tasks = new Map<string, TuningRecord[]>();
  private readonly convolutions = new Map<string, AlgorithmRecord[]>();

  private constructor(path: string) {
    this.path = path;
  }

  /**
   * Reads the records of a file; one that is not there has none.
   * @throws OnboxError `records-unreadable`
   */
  static open(path: string): Records {
    const records = new Records(path);
    for (const record of readRecords(path)) records.keep(record);
    return records;
  }

  get count(): number {
    return this.lines.size;
  }

  all(): readonly RecordLine[] {
    return [...this.lines.values()];
  }

  /** Of each schedule and convolution only what was measured last: what a machine of the same kind would learn from. */
  latest(): readonly RecordLine[] {
    return [...new Map(this.all().map((line) => [subjectOf(line), line])).values()];
  }

  of(task: string, { device, threads }: Place): readonly TuningRecord[] {
    return (this.tasks.get(task) ?? []).filter((record) => record.device === device && record.threads === threads);
  }

  /** The fastest, of the last measurement of each schedule. Times of other numbers of threads do where there are none of `threads`. */
  best(task: string, place: Place): TuningRecord | undefined {
    const onDevice = (this.tasks.get(task) ?? []).filter((record) => record.device === place.device);
    return fastest(onDevice.filter((record) => record.threads === place.threads)) ?? fastest(onDevice);
  }

  /** What was measured last of a convolution, with these threads or else with others. */
  algorithms(convolution: WinogradFacts, { device, threads }: Place): AlgorithmRecord | undefined {
    const known = (this.convolutions.get(convolutionKey(convolution)) ?? []).filter((record) => record.device === device);
    return known.findLast((record) => record.threads === threads) ?? known.at(-1);
  }

  /** Adds records to the file, those that it does not have; one write, so that lines of two processes do not mix. */
  append(records: readonly RecordLine[]): number {
    const fresh = records.filter((record) => !this.lines.has(JSON.stringify(record)));
    if (fresh.length === 0) return 0;
    mkdirSync(dirname(this.path), { recursive: true });
    const text = fresh.map((record) => `${JSON.stringify(record)}\n`).join('');
    // After a torn line a new one must begin.
    appendFileSync(this.path, endsInLine(this.path) ? text : `\n${text}`, { mode: 0o640 });
    for (const record of fresh) this.keep(record);
    return fresh.length;
  }

  private keep(record: RecordLine): void {
    const line = JSON.stringify(record);
    if (this.lines.has(line)) return;
    this.lines.set(line, record);
    if (isOfConvolution(record)) push(this.convolutions, convolutionKey(record.convolution), record);
    else push(this.tasks, record.task, record);
  }
}

/** Whether a line tells of the algorithms of a convolution, not of a schedule. */
export function isOfConvolution(line: RecordLine): line is AlgorithmRecord {
  return 'convolution' in line;
}

/** The record that a line of text holds; undefined if it is torn, of another format, or makes no sense. */
export function parseRecord(line: string): RecordLine | undefined {
  const fields = parseFields(line);
  if (fields === undefined) return undefined;
  return 'convolution' in fields ? algorithmRecordOf(fields) : tuningRecordOf(fields);
}

/** What was measured, and where: of two lines with the same subject the later one holds. */
function subjectOf(line: RecordLine): string {
  const what = isOfConvolution(line) ? [convolutionKey(line.convolution)] : [line.task, scheduleKey(line.steps)];
  return [line.device, line.threads, ...what].join();
}

function push<T>(lists: Map<string, T[]>, key: string, value: T): void {
  const known = lists.get(key);
  if (known === undefined) lists.set(key, [value]);
  else known.push(value);
}

/** The records that a file holds; lines that make no sense are passed over. @throws OnboxError `records-unreadable` */
export function readRecords(path: string): RecordLine[] {
  let text: string;
  try {
    const file = openSync(path, 'r');
    try {
      const { size } = fstatSync(file);
      if (size > fileBytesMax) throw unreadable(path, `it has ${size} bytes, ${fileBytesMax} at most`);
      text = readFileSync(file, 'utf8');
    } finally {
      closeSync(file);
    }
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return [];
    if (cause instanceof OnboxError) throw cause;
    throw unreadable(path, 'it cannot be read', cause);
  }
  return text.split('\n').flatMap((line) => parseRecord(line) ?? []);
}

/** What each schedule took when it was last measured; one that has failed since is no longer trusted. */
export function latest(records: readonly TuningRecord[]): Map<string, TuningRecord> {
  const last = new Map<string, TuningRecord>();
  for (const record of records) last.set(scheduleKey(record.steps), record);
  return last;
}

/** Equal for equal schedules. */
export function scheduleKey(schedule: Schedule): string {
  return JSON.stringify(schedule);
}

function fastest(records: readonly TuningRecord[]): TuningRecord | undefined {
  let best: TuningRecord | undefined;
  for (const record of latest(records).values()) {
    if (record.outcome === 'ok' && record.nanoseconds < (best?.nanoseconds ?? Number.POSITIVE_INFINITY)) best = record;
  }
  return best;
}

function endsInLine(path: string): boolean {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    return true;
  }
  try {
    const { size } = fstatSync(file);
    if (size === 0) return true;
    const last = Buffer.alloc(1);
    readSync(file, last, 0, 1, size - 1);
    return last[0] === 0x0a;
  } finally {
    closeSync(file);
  }
}

function unreadable(path: string, why: string, cause?: unknown): OnboxError {
  return new OnboxError(`the records in ${JSON.stringify(path)} are not used: ${why}`, { code: 'records-unreadable', cause });
}
