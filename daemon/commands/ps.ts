// onbox ps: the models that a daemon has loaded.

import { type Command, exitCodes } from './command.js';
import { daemonFlags, jsonFlag, runningDaemon } from './flags.js';
import { printTable } from './table.js';

const mebi = 1024 * 1024;

export const ps: Command = {
  name: 'ps',
  summary: 'the models that the daemon has loaded, and their memory',
  positionals: [],
  flags: { json: jsonFlag, ...daemonFlags },
  async run(args, terminal) {
    const answer = await (await runningDaemon(args, terminal)).loaded();
    if (args.has('json')) {
      terminal.out(`${JSON.stringify(answer)}\n`);
      return exitCodes.ok;
    }
    const now = Date.now();
    const rows = answer.models.map(({ name, version, memory, lastUsedAt, expiresAt }) => [
      name,
      String(version),
      printMb(memory),
      `${printSpan(now - Date.parse(lastUsedAt))} ago`,
      expiresAt === null ? 'stays' : `in ${printSpan(Date.parse(expiresAt) - now)}`,
    ]);
    if (rows.length > 0) terminal.out(printTable(['model', 'version', 'memory', 'last use', 'goes'], rows));
    terminal.out(`${printMb(answer.memory.taken)} of ${printMb(answer.memory.max)}\n`);
    return exitCodes.ok;
  },
};

function printMb(bytes: number): string {
  return `${(bytes / mebi).toFixed(1)} MiB`;
}

/** In the unit that a person would choose. */
function printSpan(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}
