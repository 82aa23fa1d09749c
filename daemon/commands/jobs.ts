// onbox jobs: what is being compiled and tuned here, following one again, cancelling one.

import type { JobFacts } from '../api/types.js';
import { JobBook } from '../jobs/book.js';
import { describeJob, followJob } from '../jobs/follow.js';
import { plainText, printFact } from '../log.js';
import { type Arguments, type Command, exitCodes, type Terminal, usageError } from './command.js';
import { daemonFlags, daemonOf, jsonFlag } from './flags.js';
import { endText, followLocal, requireSuccess, showLine } from './follow.js';
import { createProgress } from './progress.js';
import { printTable } from './table.js';
import { openStore } from './target.js';

export const jobs: Command = {
  name: 'jobs',
  summary: 'what is being compiled and tuned: list, follow ID or cancel ID',
  positionals: ['[ACTION]', '[ID]'],
  flags: { json: jsonFlag, ...daemonFlags },
  async run(args, terminal) {
    const [action = 'list', id] = args.positionals;
    if (action === 'list' && id === undefined) return await list(args, terminal);
    if (action !== 'follow' && action !== 'cancel') {
      throw usageError(`jobs wants list, follow ID or cancel ID, got ${printFact(action)}`);
    }
    if (id === undefined) throw usageError(`jobs ${action}: ID is missing`);
    return action === 'follow' ? await follow(id, args, terminal) : await cancel(id, args, terminal);
  },
};

async function list(args: Arguments, terminal: Terminal): Promise<number> {
  const client = await daemonOf(args, terminal);
  const found: readonly JobFacts[] =
    client === undefined ? (await new JobBook(openStore(terminal)).list()).map(describeJob) : await client.jobs();
  if (args.has('json')) terminal.out(`${JSON.stringify({ jobs: found })}\n`);
  else if (found.length === 0) terminal.err('there are no jobs\n');
  else {
    const rows = found.map((job) => [
      job.id,
      job.kind,
      plainText(job.model),
      job.state,
      job.startedAt ?? '-',
      plainText(job.error?.message ?? (typeof job.version === 'number' ? `version ${job.version}` : '')),
    ]);
    terminal.out(printTable(['job', 'kind', 'model', 'state', 'started', 'result'], rows, 6));
  }
  return exitCodes.ok;
}

async function follow(id: string, args: Arguments, terminal: Terminal): Promise<number> {
  const client = await daemonOf(args, terminal);
  if (client === undefined && !args.has('json')) {
    const book = new JobBook(openStore(terminal));
    await followLocal(book, await book.find(id), terminal);
    return exitCodes.ok;
  }
  const lines =
    client === undefined ? followJob(new JobBook(openStore(terminal)), id, 0, terminal.closed) : client.followJob(id);
  const started = performance.now();
  const progress = createProgress(terminal, `job ${plainText(id)}`);
  let last: Readonly<Record<string, unknown>> | undefined;
  for await (const line of lines) {
    if (args.has('json')) terminal.out(`${JSON.stringify(line)}\n`);
    else showLine(progress, line);
    last = line;
  }
  requireSuccess(last);
  if (!args.has('json')) progress.done(endText(last?.['version'], performance.now() - started));
  return exitCodes.ok;
}

async function cancel(id: string, args: Arguments, terminal: Terminal): Promise<number> {
  const client = await daemonOf(args, terminal);
  if (client === undefined) await new JobBook(openStore(terminal)).askToStop(id, 'cancel');
  else await client.cancelJob(id);
  if (args.has('json')) terminal.out(`${JSON.stringify({ cancelled: id })}\n`);
  return exitCodes.ok;
}
