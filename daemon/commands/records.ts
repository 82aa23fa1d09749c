// onbox records list|export|import: what was measured on this machine, to look at and to take to machines of the same kind.

import { writeFile } from 'node:fs/promises';
import { isOfConvolution, OnboxError, type RecordLine, Records, readRecords } from '../../runtime/index.js';
import { fileErrorCode } from '../file-error.js';
import { printCount } from '../log.js';
import { homeFolder, recordsPath } from '../store/home.js';
import { type Arguments, type Command, exitCodes, usageError } from './command.js';
import { jsonFlag } from './flags.js';

export const records: Command = {
  name: 'records',
  summary: 'what tuning has measured here: list, export FILE or import FILE',
  positionals: ['ACTION', '[FILE]'],
  flags: { json: jsonFlag },
  async run(args, terminal) {
    const book = Records.open(recordsPath(homeFolder(terminal.environment)));
    const answer = await work(args, book);
    terminal.out(args.has('json') ? `${JSON.stringify(answer)}\n` : printAnswer(answer));
    return exitCodes.ok;
  },
};

type Answer =
  | { readonly action: 'list'; readonly records: number; readonly devices: readonly DeviceSummary[] }
  | { readonly action: 'export' | 'import'; readonly records: number; readonly file: string };

interface DeviceSummary {
  readonly device: string;
  readonly threads: number;
  readonly tasks: number;
  /** Convolutions whose algorithms were measured. */
  readonly convolutions: number;
  readonly records: number;
  /** Of them, those that crashed, hung, computed something else or did not compile. */
  readonly failures: number;
}

async function work(args: Arguments, book: Records): Promise<Answer> {
  const action = args.positional(0);
  const file = args.positionals[1];
  if (action === 'list') return { action, records: book.count, devices: summarize(book) };
  if (action !== 'export' && action !== 'import') throw usageError('onbox records: list, export FILE or import FILE');
  if (file === undefined) throw usageError(`onbox records ${action}: FILE is missing`);
  return { action, file, records: action === 'export' ? await exportTo(book, file) : importFrom(book, file) };
}

async function exportTo(book: Records, file: string): Promise<number> {
  try {
    const last = book.latest();
    await writeFile(file, last.map((record) => `${JSON.stringify(record)}\n`).join(''));
    return last.length;
  } catch (cause) {
    throw new OnboxError(`the records cannot be written to "${file}": ${fileErrorCode(cause) ?? 'it failed'}`, {
      code: 'file-failed',
      cause,
    });
  }
}

function importFrom(book: Records, file: string): number {
  const found = readRecords(file);
  if (found.length === 0) throw new OnboxError(`"${file}" holds no records`, { code: 'file-missing' });
  return book.append(found);
}

function summarize(book: Records): DeviceSummary[] {
  const lines = book.all();
  const places = new Set(lines.map(({ device, threads }) => `${device} ${threads}`));
  return [...places].map((place) => summaryOf(lines.filter(({ device, threads }) => `${device} ${threads}` === place)));
}

/** Of the records of one device and number of threads, of which there is at least one. */
function summaryOf(lines: readonly RecordLine[]): DeviceSummary {
  const schedules = lines.flatMap((line) => (isOfConvolution(line) ? [] : [line]));
  const convolutions = lines.flatMap((line) => (isOfConvolution(line) ? [JSON.stringify(line.convolution)] : []));
  const { device = '', threads = 0 } = lines[0] ?? {};
  return {
    device,
    threads,
    tasks: new Set(schedules.map(({ task }) => task)).size,
    convolutions: new Set(convolutions).size,
    records: lines.length,
    failures: schedules.filter(({ outcome }) => outcome !== 'ok').length,
  };
}

function printAnswer(answer: Answer): string {
  if (answer.action !== 'list')
    return `${printCount(answer.records, 'record')} ${answer.action === 'export' ? 'written' : 'added'}\n`;
  const lines = answer.devices.map(({ device, threads, tasks, convolutions, records: count, failures }) => {
    const failed = failures === 0 ? '' : `, ${failures} of them failed`;
    const of = `${printCount(tasks, 'program')} and ${printCount(convolutions, 'convolution')}`;
    return `${device}, ${printCount(threads, 'thread')}: ${printCount(count, 'record')} of ${of}${failed}`;
  });
  return lines.length === 0 ? 'nothing was measured yet; see: onbox help tune\n' : `${lines.join('\n')}\n`;
}
