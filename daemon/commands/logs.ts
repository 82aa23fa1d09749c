// onbox logs: what the daemon of this home has logged, from the file that it writes, or where there is none, from systemd's journal.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile, stat } from 'node:fs/promises';
import { errorMessage, OnboxError } from '../../runtime/index.js';
import { fileErrorCode } from '../file-error.js';
import { logPaths } from '../log-file.js';
import { homeFolder } from '../store/home.js';
import { type Command, exitCodes, type Terminal } from './command.js';
import { boxFlags } from './flags.js';

const linesDefault = 200;
/** How often --follow looks for more, in ms. */
const lookMs = 250;
const unit = 'onbox.service';

export const logs: Command = {
  name: 'logs',
  summary: 'what the daemon of this machine has logged',
  positionals: [],
  flags: {
    lines: { type: 'string', value: 'N', help: `the last N lines (default ${linesDefault})` },
    follow: { type: 'boolean', help: 'go on with what comes, until Ctrl-C' },
    ...boxFlags,
  },
  async run(args, terminal) {
    const count = args.number('lines', { min: 0, max: 1_000_000, whole: true }) ?? linesDefault;
    const [older, current] = logPaths(homeFolder(terminal.environment));
    const texts = [await readIfThere(older), await readIfThere(current)];
    if (texts.every((text) => text === undefined)) return await fromJournal(count, args.has('follow'), terminal);
    const lines = texts.join('').split('\n').slice(0, -1);
    for (const line of count === 0 ? [] : lines.slice(-count)) terminal.out(`${line}\n`);
    if (args.has('follow')) await follow(current, Buffer.byteLength(texts[1] ?? ''), terminal);
    return exitCodes.ok;
  },
};

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if (fileErrorCode(cause) === 'ENOENT') return undefined;
    throw new OnboxError(`cannot read "${path}": ${errorMessage(cause)}`, { code: 'file-missing', cause });
  }
}

/** Prints what is appended to a file, also over the moment in which it becomes the older one. */
async function follow(path: string, from: number, { out, closed }: Terminal): Promise<void> {
  let offset = from;
  while (!closed.aborted) {
    const size = (await stat(path).catch(() => undefined))?.size ?? 0;
    if (size < offset) offset = 0;
    if (size > offset) {
      const file = await open(path, 'r');
      try {
        const buffer = Buffer.alloc(Math.min(size - offset, 1024 * 1024));
        const { bytesRead } = await file.read(buffer, 0, buffer.length, offset);
        // Whole lines only, so that no character is cut.
        const end = buffer.lastIndexOf(10, bytesRead - 1) + 1;
        out(buffer.toString('utf8', 0, end));
        offset += end;
      } finally {
        await file.close();
      }
    }
    await new Promise((resolve) => setTimeout(resolve, lookMs));
  }
}

/** @throws OnboxError `file-missing` where there is no journal either */
async function fromJournal(count: number, isFollowed: boolean, { out, err, closed }: Terminal): Promise<number> {
  const args = ['--unit', unit, '--output', 'cat', '--no-pager', '--quiet', '--lines', String(count)];
  const child = spawn('journalctl', [...args, ...(isFollowed ? ['--follow'] : [])], { stdio: ['ignore', 'pipe', 'pipe'] });
  let isAnything = false;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    isAnything = true;
    out(text);
  });
  child.stderr.setEncoding('utf8').on('data', err);
  closed.addEventListener('abort', () => child.kill());
  const [code] = await once(child, 'close').catch(() => [1]);
  if (isAnything || code === 0) return exitCodes.ok;
  throw new OnboxError('no daemon has logged anything on this machine yet; start one with: onbox serve', {
    code: 'file-missing',
  });
}
