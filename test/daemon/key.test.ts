// Who is let in: on loopback everyone of this machine, elsewhere only who bears the key.

import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureKey, keyPath, readKey } from '../../daemon/http/key.js';
import { startTestServer, type TestServer, temporaryFolder, writeKey } from './support/server.js';

describe('with a key', () => {
  const key = 'k'.repeat(43);
  let locked: TestServer;
  let folder: string;

  beforeAll(async () => {
    folder = await temporaryFolder();
    locked = await startTestServer({ keyFile: await writeKey(folder, key) });
  });

  afterAll(async () => {
    await locked.stop();
    await rm(folder, { recursive: true });
  });

  test.each([
    ['none', {}, 'key-missing'],
    ['a wrong one', { Authorization: `Bearer ${'x'.repeat(43)}` }, 'key-wrong'],
    ['the beginning of the right one', { Authorization: `Bearer ${key.slice(0, -1)}` }, 'key-wrong'],
    ['another scheme', { Authorization: `Basic ${key}` }, 'key-missing'],
  ])('%s is refused on every spelling of every path', async (_name, headers, code) => {
    for (const path of [
      '/v1/models',
      '/v1/models/',
      '/V1/Models',
      '/v1%2fmodels',
      '/v1/detect',
      '/v1/health/',
      '/',
      `/v1/models?key=${key}`,
    ]) {
      const answer = await locked.ask('GET', path, undefined, headers as Record<string, string>);
      expect([path, answer.status, answer.json.error.code]).toEqual([path, 401, code]);
    }
    expect(locked.log.join('')).not.toContain(key);
  });

  test('the right one opens, and health needs none', async () => {
    expect((await locked.ask('GET', '/v1/models', undefined, { Authorization: `bearer ${key}` })).status).toBe(200);
    expect((await locked.ask('GET', '/v1/health')).json.version).toMatch(/^[0-9]/);
  });
});

test('off loopback onbox listens only with a usable key, unless it is told otherwise', async () => {
  const folder = await temporaryFolder();
  const open = { keyFile: await writeKey(folder, 'k'.repeat(43), 0o644), host: '0.0.0.0' };
  const short = { keyFile: join(folder, 'absent'), host: '0.0.0.0' };
  await expect(startTestServer(open)).rejects.toMatchObject({ code: 'key-unusable' });
  await expect(startTestServer(short)).rejects.toMatchObject({ code: 'key-unusable' });
  const own = await startTestServer({ host: '0.0.0.0' });
  expect((await own.ask('GET', '/v1/models')).status).toBe(401);
  await own.stop();
  const insecure = await startTestServer({ host: '0.0.0.0', isInsecure: true });
  expect((await insecure.ask('GET', '/v1/models')).status).toBe(200);
  await insecure.stop();
  await rm(folder, { recursive: true });
});

test('the key file of a home is made at the first start, for its owner alone, and kept', async () => {
  const home = await temporaryFolder();
  const keys: string[] = [];
  for (let starts = 0; starts < 2; starts++) {
    const server = await startTestServer({ home });
    keys.push(await readFile(join(home, 'key'), 'utf8'));
    await server.stop();
  }
  expect(keys[0]).toBe(keys[1]);
  expect(keys[0]).toMatch(/^[\w-]{43}\n$/);
  expect((await stat(join(home, 'key'))).mode & 0o777).toBe(0o600);
  await rm(home, { recursive: true });
});

test('of many that make the key at once all read the same one', async () => {
  const home = await temporaryFolder();
  const makeAndRead = async (): Promise<string> => {
    await ensureKey(keyPath(home));
    return await readKey(keyPath(home));
  };
  expect(new Set(await Promise.all(Array.from({ length: 20 }, makeAndRead))).size).toBe(1);
  expect(await readdir(home)).toEqual(['key']);
  await rm(home, { recursive: true });
});

test('an empty key file is refused with its cure, not taken for a key', async () => {
  const home = await temporaryFolder();
  await writeFile(keyPath(home), '\n', { mode: 0o600 });
  await ensureKey(keyPath(home));
  await expect(readKey(keyPath(home))).rejects.toThrow(/is empty; remove it/);
  await rm(home, { recursive: true });
});
