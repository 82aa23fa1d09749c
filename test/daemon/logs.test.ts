// The log on the disk: bounded, whole lines, and no harm where it cannot be written.

import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { runCommandLine } from '../../daemon/commands/index.js';
import { logPaths, openLogFile } from '../../daemon/log-file.js';
import { temporaryFolder, until } from './support/server.js';

let home: string;
let out: string;
const append = (text: string): void => {
  out += text;
};

beforeEach(async () => {
  home = await temporaryFolder();
  out = '';
});

afterEach(() => rmSync(home, { recursive: true }));

async function logs(closed: AbortSignal, onOut: (text: string) => void, ...args: readonly string[]): Promise<number> {
  return await runCommandLine(['logs', ...args], {
    out: onOut,
    err: () => undefined,
    input: Readable.from([]),
    isInteractive: false,
    environment: { ONBOX_HOME: home, PATH: process.env['PATH'] },
    closed,
  });
}

test('the last lines are printed, from both files, and with --follow those that come', async () => {
  const write = openLogFile(home);
  for (let i = 0; i < 5; i++) write(`line ${i}\n`);
  const stop = new AbortController();
  const ended = logs(stop.signal, append, '--lines', '2', '--follow');
  await until(() => out === 'line 3\nline 4\n');
  write('line é\n');
  await until(() => out === 'line 3\nline 4\nline é\n');
  stop.abort();
  expect(await ended).toBe(0);
});

test('the files together stay within their limit, and the newest lines are there', () => {
  const write = openLogFile(home);
  const line = `${'x'.repeat(1023)}\n`;
  for (let i = 0; i < 2500; i++) write(line);
  openLogFile(home)('last\n');
  const [older, current] = logPaths(home);
  for (const path of [older, current]) expect(statSync(path).size).toBeLessThanOrEqual(1024 * 1024);
  expect(readFileSync(current, 'utf8').endsWith(`${line}last\n`)).toBe(true);
});

test('a log that cannot be written costs nothing but itself', () => {
  writeFileSync(`${home}/logs`, 'no folder');
  const write = openLogFile(home);
  expect(() => write('lost\n')).not.toThrow();
  rmSync(`${home}/logs`);
  mkdirSync(`${home}/logs`);
  write('kept\n');
  expect(readFileSync(logPaths(home)[1], 'utf8')).toBe('kept\n');
});

test('where no daemon has logged, that is said', async () => {
  const code = await logs(new AbortController().signal, append, '--lines', '0');
  expect([0, 4]).toContain(code);
  expect(out).toBe('');
});
