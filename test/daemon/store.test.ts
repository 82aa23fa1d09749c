// Models on disk: installs are whole or not there, names stay inside the home, and damage is told, not served.

import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { homeFolder } from '../../daemon/store/home.js';
import { nameFromFile, requireModelName } from '../../daemon/store/names.js';
import { parseInputShapes } from '../../daemon/store/options.js';
import { ownerToken } from '../../daemon/store/owner.js';
import { ModelStore, type RecordFacts } from '../../daemon/store/store.js';
import { temporaryFolder } from './support/server.js';

const facts: RecordFacts = {
  digest: 'a'.repeat(64),
  task: 'detect',
  labels: [],
  head: null,
  inputs: [],
  outputs: [],
  device: 'cpu',
  embedded: false,
  options: {},
  report: {},
};

let store: ModelStore;

beforeEach(async () => {
  store = new ModelStore(await temporaryFolder());
  await store.prepare();
});

afterEach(() => rm(store.home, { recursive: true }));

async function install(name: string, more: Partial<RecordFacts> = {}) {
  const staging = await store.stage();
  await writeFile(join(staging, 'model.onnx'), 'onnx');
  await mkdir(join(staging, 'module'));
  return await store.install(staging, name, { ...facts, ...more });
}

test('versions count up, and the one before the current stays for those who still run it', async () => {
  for (const version of [1, 2, 3, 4]) expect((await install('m')).version).toBe(version);
  expect((await readdir(join(store.home, 'models', 'm'))).sort()).toEqual(['3', '4']);
  expect((await store.find('m')).version).toBe(4);
});

test('installs of one name side by side all arrive, each under a number of its own', async () => {
  const installed = await Promise.all(Array.from({ length: 6 }, () => install('m')));
  expect(installed.map(({ version }) => version).sort()).toEqual([1, 2, 3, 4, 5, 6]);
  const numbers = await readdir(join(store.home, 'models', 'm'));
  expect(Math.max(...numbers.map(Number))).toBe(6);
});

test('a staged version is not there before it is installed, and a discarded one leaves nothing', async () => {
  const staging = await store.stage();
  await writeFile(join(staging, 'model.onnx'), 'half');
  expect((await store.list()).models).toEqual([]);
  await store.discard(staging);
  expect(await readdir(join(store.home, 'staging'))).toEqual([]);
});

test('what a process that is gone left behind is cleared at the start, what a living one works on is not', async () => {
  const [pid, start, boot] = ownerToken().split('.');
  const dead = [
    '999999999-old',
    '999999999.5.0-dead',
    `${pid}.7.${boot}-number-came-again`,
    `${pid}.${start}.0badb007-other-boot`,
    'x',
  ];
  const living = ['1-old', `${ownerToken()}-mine`];
  for (const name of [...dead, ...living]) await mkdir(join(store.home, 'staging', name));
  await writeFile(join(store.home, 'defaults.json.999999999.5.0-abc.tmp'), '{');
  await writeFile(join(store.home, `defaults.json.${ownerToken()}-abc.tmp`), '{');
  await store.prepare();
  expect((await readdir(join(store.home, 'staging'))).sort()).toEqual(living.sort());
  expect((await readdir(store.home)).filter((name) => name.endsWith('.tmp'))).toEqual([
    `defaults.json.${ownerToken()}-abc.tmp`,
  ]);
});

test.each([
  ['cut short', '{"format":1'],
  ['of another name', JSON.stringify({ ...facts, format: 1, name: 'other', version: 1, installedAt: '' })],
  ['of another format', JSON.stringify({ ...facts, format: 9, name: 'm', version: 1, installedAt: '' })],
  [
    'with labels that are no texts',
    JSON.stringify({ ...facts, labels: [1], format: 1, name: 'm', version: 1, installedAt: '' }),
  ],
  ['an array', '[]'],
])('a record %s is refused with a reason, and the other models are served', async (_name, text) => {
  const { folder } = await install('m');
  await install('whole');
  await writeFile(join(folder, 'record.json'), text);
  const fresh = new ModelStore(store.home);
  await expect(fresh.find('m')).rejects.toMatchObject({ code: 'record-damaged' });
  const { models, damaged } = await fresh.list();
  expect(models.map(({ name }) => name)).toEqual(['whole']);
  expect(damaged).toMatchObject([{ name: 'm', error: { code: 'record-damaged' } }]);
});

test('what is no version number is not taken for one', async () => {
  await install('m');
  for (const entry of ['0', '01', '-2', '1e3', '3.tmp', '9'.repeat(20)]) await mkdir(join(store.home, 'models', 'm', entry));
  expect((await store.find('m')).version).toBe(1);
  await mkdir(join(store.home, 'models', 'empty'));
  await writeFile(join(store.home, 'models', 'file'), '');
  await expect(store.find('empty')).rejects.toMatchObject({ code: 'model-missing' });
  await expect(store.find('file')).rejects.toMatchObject({ code: 'model-missing' });
  expect((await store.list()).damaged).toEqual([]);
});

test('a version that is withdrawn makes way for the one before, and its number is not used again', async () => {
  await install('m');
  expect(await store.withdraw('m', 1)).toBeUndefined();
  await install('m');
  expect(await store.withdraw('m', 1)).toBeUndefined();
  expect(await store.withdraw('m', 2)).toMatchObject({ version: 1 });
  expect((await new ModelStore(store.home).find('m')).version).toBe(1);
  expect((await install('m')).version).toBe(3);
  expect((await readdir(join(store.home, 'models', 'm'))).sort()).toEqual(['1', '3']);
});

test('a removed model is gone with all its versions, and a new one of the name starts again at 1', async () => {
  await install('m');
  await install('m');
  await store.remove('m');
  expect(existsSync(join(store.home, 'models', 'm'))).toBe(false);
  expect(await readdir(join(store.home, 'trash'))).toEqual([]);
  await expect(store.remove('m')).rejects.toMatchObject({ code: 'model-missing' });
  expect((await install('m')).version).toBe(1);
});

test.each([
  '',
  '.',
  '..',
  '../x',
  'a/b',
  'a\\b',
  'A',
  '-a',
  '_a',
  'a'.repeat(65),
  'a\n',
  'a\0',
  'é',
  'stats',
  '__proto__',
  'a b',
])('the name %j is refused by every verb', async (name) => {
  expect(() => requireModelName(name)).toThrow(expect.objectContaining({ code: 'name-invalid' }));
  await expect(store.find(name)).rejects.toMatchObject({ code: 'name-invalid' });
  await expect(store.remove(name)).rejects.toMatchObject({ code: 'name-invalid' });
  await expect(install(name)).rejects.toMatchObject({ code: 'name-invalid' });
});

test('a name is made from a file name', () => {
  expect(nameFromFile('/models/YOLOv8n 640.onnx')).toBe('yolov8n-640');
  expect(nameFromFile('../..//x.ONNX')).toBe('x');
  expect(() => nameFromFile('/models/ö.onnx')).toThrow(expect.objectContaining({ code: 'name-invalid' }));
});

test('the default of a task is the chosen model, else the first of the owner, else an embedded one', async () => {
  await expect(store.defaultFor('detect')).rejects.toMatchObject({ code: 'model-missing' });
  await install('shapes', { embedded: true });
  expect((await store.defaultFor('detect')).name).toBe('shapes');
  await install('zebra');
  await install('ant');
  expect((await store.defaultFor('detect')).name).toBe('zebra');
  await store.setDefault('ant');
  expect((await store.defaultFor('detect')).name).toBe('ant');
  await store.remove('ant');
  expect((await store.defaultFor('detect')).name).toBe('zebra');
  await writeFile(join(store.home, 'defaults.json'), '{');
  expect((await store.defaultFor('detect')).name).toBe('zebra');
});

test('neither a later version nor a clock that jumps changes the default', async () => {
  await install('first');
  jest.useFakeTimers({ now: 0, doNotFake: ['nextTick', 'setImmediate', 'setTimeout', 'setInterval', 'queueMicrotask'] });
  try {
    await install('second');
    await install('first');
  } finally {
    jest.useRealTimers();
  }
  expect((await new ModelStore(store.home).defaultFor('detect')).name).toBe('first');
  await store.remove('first');
  await install('first');
  expect((await store.defaultFor('detect')).name).toBe('second');
});

test('records without a number, of older versions of onbox, are older than all others', async () => {
  const { folder } = await install('zebra');
  const { order: _, ...old } = JSON.parse(await readFile(join(folder, 'record.json'), 'utf8'));
  await install('ant');
  await writeFile(join(folder, 'record.json'), JSON.stringify(old));
  expect((await new ModelStore(store.home).defaultFor('detect')).name).toBe('zebra');
});

test('two stores on one home see each other', async () => {
  const other = new ModelStore(store.home);
  await install('m');
  expect((await other.find('m')).version).toBe(1);
  await install('m');
  expect((await other.find('m')).version).toBe(2);
});

test('the record says what was installed', async () => {
  const { folder } = await install('m', { options: { labels: ['a'] } });
  const record = JSON.parse(await readFile(join(folder, 'record.json'), 'utf8'));
  expect(record).toMatchObject({ format: 1, name: 'm', version: 1, options: { labels: ['a'] } });
});

test.each([
  [{ ONBOX_HOME: '/a', XDG_DATA_HOME: '/b', HOME: '/c' }, 'ann', '/a'],
  [{ XDG_DATA_HOME: '/b', HOME: '/c' }, 'ann', '/b/onbox'],
  [{ XDG_DATA_HOME: 'relative', HOME: '/c' }, 'ann', '/c/.local/share/onbox'],
  [{ ONBOX_HOME: '', HOME: '/c' }, 'ann', '/c/.local/share/onbox'],
  [{ HOME: '/c' }, 'onbox', '/var/lib/onbox'],
  [{ HOME: '/nonexistent' }, 'ann', '/var/lib/onbox'],
])('with %j the home of %s is %s', (environment, user, home) => {
  expect(homeFolder(environment, user)).toBe(home);
});

test('input shapes are read from text, and names like __proto__ are names', () => {
  expect(parseInputShapes(['images=1x3x640x640', 'a=b=2'])).toEqual({
    inputs: { images: [1, 3, 640, 640], 'a=b': [2] },
  });
  expect(Object.keys(parseInputShapes(['__proto__=1']).inputs ?? {})).toEqual(['__proto__']);
  for (const text of ['', '=1', 'x', 'x=', 'x=0', 'x=1x', 'x=-1', 'x=1.5', 'x=99999999', `x=${'1x'.repeat(8)}1`]) {
    expect(() => parseInputShapes([text])).toThrow(expect.objectContaining({ code: 'option-invalid' }));
  }
});

test('an input that is given again asks for one more size, in which all else is as in the first', () => {
  expect(parseInputShapes(['x=1x640', 'y=2', 'x=1x384', 'x=1x320'])).toEqual({
    inputs: { x: [1, 640], y: [2] },
    otherInputs: [
      { x: [1, 384], y: [2] },
      { x: [1, 320], y: [2] },
    ],
  });
  expect(() => parseInputShapes(Array.from({ length: 9 }, () => 'x=1'))).toThrow('"x" is given more than 8 times');
});

test('a name that another process removed and installed again is another model, at another path, though both are version 1', async () => {
  const other = new ModelStore(store.home);
  const first = await install('m', { labels: ['cat'] });
  expect((await other.find('m')).record.labels).toEqual(['cat']);
  await store.remove('m');
  const second = await install('m', { labels: ['dog'] });
  const found = await other.find('m');
  expect([found.version, found.record.labels]).toEqual([1, ['dog']]);
  expect(found.module).toBe(second.module);
  expect(found.module).not.toBe(first.module);
  expect(existsSync(found.module)).toBe(true);
});

test('a module that an older onbox installed, without an id, is found where that laid it', async () => {
  const { folder, module, record } = await install('m');
  const { id: _, ...older } = record;
  await rename(module, join(folder, 'module'));
  await writeFile(join(folder, 'record.json'), JSON.stringify(older));
  expect((await new ModelStore(store.home).find('m')).module).toBe(join(folder, 'module'));
});
