// The machine dies between any two operations on the disk, and in the middle of those that are not one step; the disk is full or cannot be
// written. Nothing half-installed is ever loaded, and nothing installed is lost.

import * as fs from 'node:fs/promises';
import { join } from 'node:path';
import { ensureKey, keyPath, readKey } from '../../daemon/http/key.js';
import { compileAndInstall, stageFile } from '../../daemon/jobs/install.js';
import type { CompileResult } from '../../daemon/jobs/messages.js';
import { ModelStore } from '../../daemon/store/store.js';
import { errorCode } from '../../runtime/index.js';
import { faults } from './support/faulty-fs.js';
import { temporaryFolder } from './support/server.js';

jest.mock('node:fs/promises', () => jest.requireActual('./support/faulty-fs').faultyFs(jest.requireActual('node:fs/promises')));
// The process that died is this one, so nobody is taken for alive.
jest.mock('../../daemon/store/owner.js', () => ({ ownerToken: () => '1.2.abc', isOwnerAlive: () => false }));

const actual = jest.requireActual<typeof fs>('node:fs/promises');
const result: CompileResult = {
  digest: 'a'.repeat(64),
  task: 'detect',
  labels: [],
  head: null,
  inputs: [],
  outputs: [],
  device: 'cpu',
  report: {},
};

let home: string;
let onnx: string;

beforeEach(async () => {
  home = await temporaryFolder();
  onnx = join(home, 'file.onnx');
});

afterEach(async () => {
  faults.disarm();
  await actual.rm(home, { recursive: true });
});

/** Installs a model whose files all hold `text`. */
async function install(store: ModelStore, name: string, text: string) {
  await actual.writeFile(onnx, text);
  const staging = await stageFile(store, onnx);
  return await compileAndInstall(store, { name, staging, options: {}, embedded: false }, async ({ outFolder }) => {
    await fs.mkdir(outFolder);
    const file = await fs.open(join(outFolder, 'weights'), 'wx');
    await file.writeFile(text);
    await file.close();
    return result;
  });
}

/** What a daemon that starts now would serve: the text of each model, which stands in every file of it. */
async function served(): Promise<Record<string, string>> {
  const store = new ModelStore(home);
  await store.prepare();
  const { models, damaged } = await store.list();
  expect(damaged).toEqual([]);
  const texts: Record<string, string> = {};
  for (const { name, module, onnx: file } of models) {
    texts[name] = await actual.readFile(join(module, 'weights'), 'utf8');
    expect(await actual.readFile(file, 'utf8')).toBe(texts[name]);
  }
  for (const area of ['staging', 'trash']) expect(await actual.readdir(join(home, area))).toEqual([]);
  expect((await actual.readdir(home)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  return texts;
}

interface Case {
  readonly before: (store: ModelStore) => Promise<unknown>;
  readonly act: (store: ModelStore) => Promise<unknown>;
  readonly was: Record<string, string>;
  readonly will: Record<string, string>;
}

const one = (store: ModelStore) => install(store, 'm', 'one');
const cases: Readonly<Record<string, Case>> = {
  'a first install': { before: async () => 0, act: one, was: {}, will: { m: 'one' } },
  'a third version': {
    before: async (store) => [await install(store, 'n', 'n'), await install(store, 'm', 'zero'), await one(store)],
    act: (store) => install(store, 'm', 'two'),
    was: { m: 'one', n: 'n' },
    will: { m: 'two', n: 'n' },
  },
  'a version that is withdrawn': {
    before: async (store) => [await one(store), await install(store, 'm', 'two')],
    act: (store) => store.withdraw('m', 2),
    was: { m: 'two' },
    will: { m: 'one' },
  },
  'a removal': { before: one, act: (store) => store.remove('m'), was: { m: 'one' }, will: {} },
  'a choice of the default': { before: one, act: (store) => store.setDefault('m'), was: { m: 'one' }, will: { m: 'one' } },
};

/** Brings the home into a state that was made once, and opens a store on it. */
async function start(state: string): Promise<ModelStore> {
  await actual.rm(home, { recursive: true });
  await actual.cp(state, home, { recursive: true });
  return new ModelStore(home);
}

describe.each(Object.entries(cases))('%s', (_name, { before, act, was, will }) => {
  let state: string;

  beforeAll(async () => {
    state = await temporaryFolder();
    const store = new ModelStore(state);
    await store.prepare();
    onnx = join(state, 'file.onnx');
    await before(store);
  });

  afterAll(() => actual.rm(state, { recursive: true }));

  test.each(['nothing', 'contents', 'names'] as const)(
    'cut at any point, where %s that was not synced is lost',
    async (loss) => {
      let isDone = false;
      for (let at = 1; !isDone; at++) {
        const store = await start(state);
        faults.arm(at);
        const death = faults.death();
        isDone = await Promise.race([death.then(() => false), act(store).then(() => true)]);
        await faults.lose(loss, actual);
        faults.disarm();
        const now = await served();
        expect([was, will]).toContainEqual(now);
        if (isDone) expect(now).toEqual(will);
        // The version in service survives the next install, and that one answers.
        const { folder } = (await new ModelStore(home).list()).models.find(({ name }) => name === 'm') ?? {};
        await install(new ModelStore(home), 'm', 'next');
        if (folder !== undefined) expect(await actual.readdir(folder)).toContain('record.json');
        expect(await served()).toEqual({ ...now, m: 'next' });
      }
      expect(faults.count).toBeGreaterThanOrEqual(2);
    },
  );

  test.each([
    ['ENOSPC', 'disk-full'],
    ['EROFS', 'store-read-only'],
  ])('where the disk says %s at any point', async (refusal, code) => {
    for (let at = 1; at === 1 || faults.count >= at - 1; at++) {
      const store = await start(state);
      faults.arm(at, refusal);
      const failure = await act(store).then(
        () => undefined,
        (error: unknown) => errorCode(error),
      );
      faults.disarm();
      expect([undefined, code]).toContain(failure);
      expect([was, will]).toContainEqual(await served());
    }
  });
});

test('what is installed is served from a home that cannot be written', async () => {
  const store = new ModelStore(home);
  await store.prepare();
  await one(store);
  await actual.mkdir(join(home, 'staging', 'left-behind'));
  faults.arm(4, 'EROFS');
  await store.prepare();
  expect(faults.count).toBe(4);
  faults.disarm();
  expect((await store.find('m')).version).toBe(1);
});

test.each(['nothing', 'contents', 'names'] as const)(
  'a key file whose making is cut is whole or is made at the next start, where %s that was not synced is lost',
  async (loss) => {
    const path = keyPath(home);
    let isDone = false;
    for (let at = 1; !isDone; at++) {
      await actual.rm(path, { force: true });
      faults.arm(at);
      const death = faults.death();
      isDone = await Promise.race([death.then(() => false), ensureKey(path).then(() => true)]);
      await faults.lose(loss, actual);
      faults.disarm();
      const left = await actual.readFile(path, 'utf8').catch(() => undefined);
      if (isDone) expect(left).toBeDefined();
      await new ModelStore(home).prepare();
      await ensureKey(path);
      expect(await readKey(path)).toMatch(/^[\w-]{43}$/);
      if (left !== undefined) expect(await readKey(path)).toBe(left.trim());
      expect((await actual.readdir(home)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    }
    expect(faults.count).toBeGreaterThanOrEqual(5);
  },
);
