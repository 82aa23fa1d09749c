// Settings: one precedence, and what is wrong is told by line and name.

import { chmod, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { commands, runCommandLine } from '../../daemon/commands/index.js';
import { type Config, readConfig } from '../../daemon/config/read.js';
import { environmentName, settingNames } from '../../daemon/config/settings.js';
import { temporaryFolder } from './support/server.js';

let home: string;

beforeAll(async () => {
  home = await temporaryFolder();
});

afterAll(() => rm(home, { recursive: true }));

async function write(text: string, mode = 0o600): Promise<string> {
  const path = join(home, `c${Math.random()}.json`);
  await writeFile(path, text, { mode });
  return path;
}

async function read(file: string | undefined, environment = {}, flags: Record<string, string> = {}): Promise<Config> {
  return await readConfig({ home, environment, file, flag: (name) => flags[name] });
}

test('a flag goes before the environment, that before the file, that before the default, and each is told', async () => {
  const file = await write('{\n  "http": {\n    "port": 1, "host": "::1", "connections": 99\n  }\n}');
  const { values, sources } = await read(file, { ONBOX_HTTP_PORT: '2', ONBOX_HTTP_HOST: 'h' }, { port: '3' });
  expect([values['http.port'], values['http.host'], values['http.connections'], values['engine.queue']]).toEqual([
    3,
    'h',
    99,
    256,
  ]);
  expect([sources['http.port'], sources['http.host'], sources['http.connections'], sources['engine.queue']]).toEqual([
    'flag --port',
    'environment ONBOX_HTTP_HOST',
    `line 3 of ${file}`,
    'default',
  ]);
});

test.each([
  ['an unknown section', '{\n"htp": {}}', 'line 2', '"htp"'],
  ['an unknown setting', '{"http": {\n"prot": 1}}', 'line 2', '"http.prot"'],
  ['a wrong type', '{"http": {"port":\n"80"}}', 'line 2', '"http.port"'],
  ['a number out of its limits', '{"http": {"port": 70000}}', 'line 1', '"http.port"'],
  ['half a number', '{"http": {"port": 80.5}}', 'line 1', '"http.port"'],
  ['a list of numbers', '{"http": {"allow_hosts": [1]}}', 'line 1', '"http.allow_hosts"'],
  ['a switch that is a text', '{"http": {"insecure": "yes"}}', 'line 1', '"http.insecure"'],
  ['a setting twice', '{"http": {"port": 1,\n"port": 2}}', 'line 2', '"http.port"'],
  ['a section that is no object', '{"http": 1}', 'line 1', '"http"'],
  ['a list', '[]', 'line 1', 'object'],
  ['nothing', '', 'line 1', ''],
  ['a comment', '{\n// hello\n}', 'line 2', 'JSON'],
  ['a comma too many', '{"http": {"port": 1,}}', 'line 1', 'JSON'],
  ['a prototype', '{"__proto__": {"port": 1}}', 'line 1', '__proto__'],
])('%s is refused with its line', async (_name, text, line, what) => {
  await expect(read(await write(text))).rejects.toMatchObject({
    code: 'config-invalid',
    message: expect.stringContaining(line),
  });
  await expect(read(await write(text))).rejects.toThrow(what);
});

test('variables that are misspelt or wrong are refused by name', async () => {
  await expect(read(undefined, { ONBOX_HTTP_PROT: '1' })).rejects.toThrow('ONBOX_HTTP_PROT');
  await expect(read(undefined, { ONBOX_HTTP_PORT: 'x' })).rejects.toThrow('ONBOX_HTTP_PORT');
  await expect(read(undefined, { ONBOX_HOME: '/x', ONBOX_CC: 'gcc' })).resolves.toBeDefined();
});

test('a file that everyone may change, and a key that others may read, are refused; no message tells the key', async () => {
  const open = await write('{}');
  await chmod(open, 0o666);
  await expect(read(open)).rejects.toMatchObject({ code: 'config-unsafe' });
  const key = 'secret-secret-secret';
  const readable = await write(`{"http": {"key": "${key}"}}`, 0o644);
  const refusal = await read(readable).catch((error: Error) => error.message);
  expect(refusal).toContain('line 1');
  expect(refusal).toContain('http.key');
  expect(refusal).not.toContain(key);
});

test('config show prints every setting with its source, and never a key', async () => {
  const key = 'secret-secret-secret';
  const file = await write(`{"http": {"key": "${key}", "port": 9}}`);
  for (const flags of [[], ['--json']]) {
    const written: string[] = [];
    const out = (text: string): void => void written.push(text);
    const terminal = { out, err: () => undefined, isInteractive: false, closed: new AbortController().signal };
    const environment = { ONBOX_HOME: home };
    const input = (async function* (): AsyncGenerator<Uint8Array> {})();
    const code = await runCommandLine(['config', 'show', '--config', file, ...flags], { ...terminal, environment, input });
    expect(code).toBe(0);
    for (const name of settingNames) expect(written.join('')).toContain(name);
    expect(written.join('')).toContain(`line 1 of ${file}`);
    expect(written.join('')).not.toContain(key);
  }
});

test('no two settings share a variable, and every flag of a setting is one of serve', () => {
  expect(new Set(settingNames.map(environmentName)).size).toBe(settingNames.length);
  expect(Object.keys(commands.find(({ name }) => name === 'serve')?.flags ?? {})).toContain('tls-cert');
});
