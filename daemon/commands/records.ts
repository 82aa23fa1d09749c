// onbox records list|export|import: what was measured on this machine, to look at and to take to machines of the same kind.

import { writeFile } from 'node:fs/promises';
import { OnboxError, Records, readRecords } from '../../runtime/index.js';
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

/** Only the last measurement of each schedule: what a machine of the same kind would learn from. */
async function exportTo(book: Records, file: string): Promise<number> {
  try {
    const last = new Map(
      book.all().map((record) => [[record.task, record.device, record.threads, JSON.stringify(record.steps)].join(), record]),
    );
    await writeFile(file, [...last.values()].map((record) => `${JSON.stringify(record)}\n`).join(''));
    return last.size;
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
  const groups = new Map<string, { device: string; threads: number; tasks: Set<string>; records: number; failures: number }>();
  for (const { device, threads, task, outcome } of book.all()) {
    const key = `${device} ${threads}`;
    const group = groups.get(key) ?? { device, threads, tasks: new Set(), records: 0, failures: 0 };
    groups.set(key, group);
    group.tasks.add(task);
    group.records++;
    if (outcome !== 'ok') group.failures++;
  }
  return [...groups.values()].map(({ tasks, ...group }) => ({ ...group, tasks: tasks.size }));
}

function printAnswer(answer: Answer): string {
  if (answer.action !== 'list')
    return `${printCount(answer.records, 'record')} ${answer.action === 'export' ? 'written' : 'added'}\n`;
  const lines = answer.devices.map(({ device, threads, tasks, records: count, failures }) => {
    const failed = failures === 0 ? '' : `, ${failures} of them failed`;
    return `${device}, ${printCount(threads, 'thread')}: ${printCount(count, 'record')} of ${printCount(tasks, 'program')}${failed}`;
  });
  return lines.length === 0 ? 'nothing was measured yet; see: onbox help tune\n' : `${lines.join('\n')}\n`;
}
