// onbox serve as a process: what it prints, what it loads, how it ends.

import { type ChildProcess, spawn } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ask, registerFlags, temporaryFolder, until } from './support/server.js';

let home: string;
let child: ChildProcess;
let output = '';

beforeAll(async () => {
  home = await temporaryFolder();
  const main = join(__dirname, '..', '..', 'daemon', 'main.ts');
  child = spawn(process.execPath, [...registerFlags, main, 'serve', '--port', '0'], {
    env: { ...process.env, ONBOX_HOME: home },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  // The first start compiles the embedded models.
  await until(() => output.includes('try next:'), 170_000);
}, 180_000);

afterAll(async () => {
  child.kill('SIGKILL');
  await rm(home, { recursive: true, force: true });
});

function port(): number {
  return Number(/onbox serves on http:\/\/127\.0\.0\.1:([0-9]+)\n/.exec(output)?.[1]);
}

test('it says where it serves, and three commands to try next', () => {
  expect(port()).toBeGreaterThan(0);
  const next = output.slice(output.indexOf('try next:\n')).split('\n').slice(1, 4);
  expect(next).toEqual([
    expect.stringMatching(/^ {2}curl .+\/v1\/detect\?model=shapes'$/),
    expect.stringMatching(/^ {2}node .+ detect .+ --model shapes --draw shapes\.png$/),
    expect.stringMatching(/^ {2}node .+ compile /),
  ]);
});

test('it becomes ready, and the process that speaks HTTP holds no native code', async () => {
  await until(async () => (await ask(port(), 'GET', '/v1/health')).status === 200);
  const maps = await readFile(`/proc/${child.pid}/maps`, 'utf8');
  // swc translates the sources for this test; it is not part of onbox.
  const native = maps.split('\n').filter((line) => /\.node$|libvips|libOpenCL/.test(line) && !line.includes('swc'));
  expect(native).toEqual([]);
});

test('SIGTERM ends it cleanly, and its engine with it', async () => {
  const engine = Number((await readFile(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8')).trim().split(' ')[0]);
  expect(engine).toBeGreaterThan(0);
  const code = await new Promise((resolve) => {
    child.once('exit', resolve);
    child.kill('SIGTERM');
  });
  expect(code).toBe(0);
  expect(output).toContain(' stopped\n');
  expect(() => process.kill(engine, 0)).toThrow('ESRCH');
});
