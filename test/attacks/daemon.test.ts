// Cases 41 to 47: the engine is killed, the daemon is told to stop, is scraped, is fed with log lines and with bad settings.

import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { samplePicture } from '../../daemon/embedded/index.js';
import { registerFlags, until } from '../daemon/support/server.js';
import { attacked } from './support/attacked.js';
import { footprintOf, startTarget } from './support/target.js';

const target = attacked();
const png = { 'Content-Type': 'image/png' };

function engineOf(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0]);
}

test('41 an engine that is killed again and again under load loses no request and answers none wrongly', async () => {
  const picture = readFileSync(samplePicture());
  const ask = () => target().ask('POST', '/v1/detect?model=shapes', picture, png);
  const right = JSON.stringify((await ask()).json.objects);
  const wrong: unknown[] = [];
  let answers = 0;
  let isOver = false;
  const clients = Array.from({ length: 3 }, async () => {
    while (!isOver) {
      const { status, json } = await ask();
      answers++;
      if (status !== 200 || JSON.stringify(json.objects) !== right) wrong.push([status, json]);
    }
  });
  const restarts = async (): Promise<number> => (await target().ask('GET', '/v1/health')).json.engine.restarts;
  const before = await restarts();
  for (let kills = 1; kills <= 5; kills++) {
    // A request that is alone with three engines that die is taken for the cause, so each engine gets to answer some.
    const answered = answers;
    await until(() => answers > answered + 6, 60_000);
    process.kill(engineOf(target().pid), 'SIGKILL');
    await until(async () => {
      const { engine } = (await target().ask('GET', '/v1/health')).json;
      return engine.ready && engine.restarts === before + kills;
    }, 60_000);
  }
  isOver = true;
  await Promise.all(clients);
  expect(wrong).toEqual([]);
  expect((await target().ask('GET', '/metrics')).text).toContain(`onbox_engine_restarts_total ${before + 5}\n`);
});

test('42 SIGTERM finishes what runs and refuses what is new, a second one changes nothing, and the store opens again', async () => {
  const picture = readFileSync(samplePicture());
  const other = await startTarget(target().home);
  await until(async () => (await other.ask('GET', '/v1/health')).status === 200, 60_000);
  const running = Array.from({ length: 12 }, () => other.ask('POST', '/v1/detect?model=shapes', picture, png));
  await until(async () => {
    const { engine } = (await other.ask('GET', '/v1/health')).json;
    return engine.running > 1;
  });
  const stopped = other.stop();
  other.child.kill('SIGTERM');
  expect((await Promise.all(running)).map(({ status }) => status)).toEqual(new Array(12).fill(200));
  expect(await stopped).toBe(0);
  expect(() => process.kill(engineOf(other.pid), 0)).toThrow();
  expect((await target().ask('GET', '/v1/models')).json.damaged).toEqual([]);
});

test('42 SIGHUP with a good and a damaged configuration leaves the daemon as it is', async () => {
  const file = join(target().home, 'config.json');
  for (const [text, event] of [
    ['{"http": {"prot": 1}}', 'config-refused'],
    ['{', 'config-refused'],
  ] as const) {
    const before = target().log().split(event).length;
    writeFileSync(file, text, { mode: 0o600 });
    target().child.kill('SIGHUP');
    await until(() => target().log().split(event).length > before);
  }
  writeFileSync(file, '{}', { mode: 0o600 });
  target().child.kill('SIGHUP');
  expect((await target().ask('GET', '/v1/models')).status).toBe(200);
});

test('43 handles, threads and memory do not grow with the number of requests', async () => {
  const picture = readFileSync(samplePicture());
  const round = async (): Promise<void> => {
    for (let i = 0; i < 20; i++) {
      await Promise.all([
        target().ask('POST', '/v1/detect?model=shapes', picture, png),
        target().ask('POST', '/v1/classify?model=shapes-classify', picture, png),
        target().ask('GET', '/v2/models/stats'),
        i % 10 === 0 ? target().ask('PUT', '/v1/models/bad', 'no model') : target().ask('GET', '/metrics'),
      ]);
    }
  };
  await round();
  const before = footprintOf(target().pid);
  await round();
  const after = footprintOf(target().pid);
  expect(after.handles).toBeLessThanOrEqual(before.handles + 4);
  expect(after.threads).toBeLessThanOrEqual(before.threads);
  for (const [i, resident] of after.residentMb.entries()) expect(resident - (before.residentMb[i] ?? 0)).toBeLessThan(150);
});

test('45 names of clients make no label, and a flood of scrapes is answered', async () => {
  const labels = (text: string): number => text.split('\n').length;
  const before = labels((await target().ask('GET', '/metrics')).text);
  for (let i = 0; i < 200; i++) await target().ask('GET', `/v2/models/made-up-${i}/stats`);
  const scrapes = await Promise.all(Array.from({ length: 300 }, () => target().ask('GET', '/metrics')));
  expect(scrapes.every(({ status }) => status === 200)).toBe(true);
  const last = (await target().ask('GET', '/metrics')).text;
  expect(labels(last)).toBe(before);
  expect(last).not.toContain('made-up');
});

test('46 nothing of a request starts a line of the log, and refusals write none', async () => {
  const before = target().log().length;
  for (let i = 0; i < 500; i++) {
    await target().ask('GET', `/v1/models/${encodeURIComponent('a\n2026 evil-line')}?x=%0a2026`, undefined, { 'X-A': 'b' });
  }
  expect(target().log()).not.toMatch(/^2026 evil-line/m);
  expect(target().log().length - before).toBeLessThan(2000);
});

test.each([
  ['an unknown setting', '{\n  "http": {\n    "prot": 1\n  }\n}', 0o600, /line 3 .*http\.prot/],
  ['a wrong type', '{"http": {"port": "x"}}', 0o600, /line 1 .*http\.port/],
  ['a key that others may read', '{"http": {"key": "0123456789abcdef"}}', 0o644, /line 1 .*http\.key/],
  ['a YAML bomb', 'a: &a ["lol","lol"]\nb: &b [*a,*a]', 0o600, /line 1 .*JSON/],
])(
  '47 a configuration with %s keeps the daemon from starting, with the line and the name',
  async (_name, text, mode, message) => {
    const file = join(target().home, `bad-${mode}.json`);
    writeFileSync(file, text, { mode });
    const main = join(__dirname, '..', '..', 'daemon', 'main.ts');
    const { code, stderr } = await new Promise<{ code: number; stderr: string }>((resolve) => {
      const child = execFile(
        process.execPath,
        [...registerFlags, main, 'serve', '--port', '0', '--config', file],
        { env: { ...process.env, ONBOX_HOME: target().home } },
        (_error, _stdout, errors) => resolve({ code: child.exitCode ?? -1, stderr: errors }),
      );
    });
    expect(code).toBe(1);
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain('0123456789abcdef');
  },
);
