// Keys that are made and removed while the daemon runs, TLS that is renewed, and what metrics and health tell.

import { execFileSync } from 'node:child_process';
import { copyFile, readFile, rm, stat } from 'node:fs/promises';
import { get } from 'node:https';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { createKey, readKeys, removeKey } from '../../daemon/http/keys.js';
import { startTestServer, type TestServer, temporaryFolder, until, writeKey } from './support/server.js';

let home: string;
let server: TestServer;
const bearer = (key: string) => ({ Authorization: `Bearer ${key}` });

beforeAll(async () => {
  home = await temporaryFolder();
  server = await startTestServer({ home, keyFile: await writeKey(home, 'k'.repeat(43)) });
  const owner = bearer('k'.repeat(43));
  expect((await server.ask('PUT', '/v1/models/thing', 'good detect', owner)).status).toBe(201);
});

afterAll(async () => {
  await server.stop();
  await rm(home, { recursive: true });
});

test('a key that is created opens, and opens no more once it is removed, without a restart', async () => {
  const key = await createKey(home, 'camera');
  const status = async (): Promise<number> => (await server.ask('GET', '/v1/models', undefined, bearer(key))).status;
  await until(async () => (await status()) === 200);
  await removeKey(home, 'camera');
  await until(async () => (await status()) === 401);
});

test('of a key only a digest is kept, in a file for its owner alone', async () => {
  const key = await createKey(home, 'doorbell');
  expect(await readFile(join(home, 'keys.json'), 'utf8')).not.toContain(key);
  expect((await stat(join(home, 'keys.json'))).mode & 0o777).toBe(0o600);
  expect((await readKeys(home)).map(({ name }) => name)).toEqual(['doorbell']);
  await expect(createKey(home, 'doorbell')).rejects.toMatchObject({ code: 'key-exists' });
  await expect(removeKey(home, 'absent')).rejects.toMatchObject({ code: 'key-absent' });
  await expect(createKey(home, '../x')).rejects.toMatchObject({ code: 'name-invalid' });
});

test('metrics count what models did, behind the key, with labels of installed models alone', async () => {
  const owner = bearer('k'.repeat(43));
  expect((await server.ask('GET', '/metrics')).status).toBe(401);
  const picture = { ...owner, 'Content-Type': 'image/png' };
  await server.ask('POST', '/v1/detect?model=thing', 'box', picture);
  await server.ask('POST', '/v1/detect?model=thing', 'bad', picture);
  await server.ask('POST', '/v1/detect?model=made-up-by-a-client', 'box', picture);
  const { text, headers } = await server.ask('GET', '/metrics', undefined, owner);
  expect(headers['content-type']).toContain('text/plain');
  expect(text).toContain('nv_inference_request_success{model="thing",version="1"} 1\n');
  expect(text).toContain('nv_inference_request_failure{model="thing",version="1",reason="OTHER"} 1\n');
  expect(text).toMatch(/# TYPE nv_inference_request_duration_us counter\n/);
  expect(text).toContain('onbox_engine_up 1\n');
  expect(text).toContain('onbox_inference_seconds_count{model="thing",device="cpu"} 1\n');
  expect(text).toContain('onbox_device_up{device="cpu"} 1\n');
  expect(text).toMatch(/\nonbox_device_busy_ratio\{device="cpu"\} [0-9.e-]+\n/);
  expect(text).toMatch(/\nonbox_detections_total\{model="thing"\} [0-9]+\n/);
  expect(text).toMatch(/\nnv_model_load_duration_secs\{model="thing",version="1"\} [0-9.e-]+\n/);
  expect(text).toMatch(/\nonbox_bytes_total\{direction="in"\} [1-9][0-9]*\n/);
  expect(text).toMatch(/\nonbox_jobs_finished_total\{kind="compile",result="done"\} [0-9]+\n/);
  expect(text).not.toContain('made-up-by-a-client');
});

test('health tells strangers that it lives, and the owner what is wrong with a model and how to cure it', async () => {
  expect((await server.ask('GET', '/v1/health')).json.models).toBeUndefined();
  const owner = bearer('k'.repeat(43));
  await server.ask('POST', '/v1/detect?model=thing', 'bug', { ...owner, 'Content-Type': 'image/png' });
  const { devices, models } = (await server.ask('GET', '/v1/health', undefined, owner)).json;
  expect(devices).toEqual([{ device: 'cpu', ok: true }]);
  expect(models).toEqual([{ name: 'thing', ok: false, problem: expect.any(String), cure: expect.stringContaining('onbox') }]);
});

test('https is served with the certificate of the owner, and a renewed one is taken without a restart', async () => {
  const make = (name: string): void => {
    const files = ['-keyout', join(home, `${name}.key`), '-out', join(home, `${name}.pem`)];
    const options = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
    execFileSync('openssl', ['req', ...options, '-subj', `/CN=${name}`, ...files], { stdio: 'ignore' });
  };
  make('first');
  make('second');
  const tls = { cert: join(home, 'first.pem'), key: join(home, 'first.key') };
  const secure = await startTestServer({ tls });
  const name = (): Promise<string> =>
    new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port: secure.port, path: '/v1/models', rejectUnauthorized: false, agent: false };
      get(options, (answer) => {
        const { subject } = (answer.socket as TLSSocket).getPeerCertificate();
        answer.resume().on('end', () => resolve(`${answer.statusCode} ${subject.CN}`));
      }).on('error', reject);
    });
  expect(await name()).toBe('200 first');
  await copyFile(join(home, 'second.pem'), tls.cert);
  await secure.reload();
  // The key is still that of the first: the old pair stays.
  expect(await name()).toBe('200 first');
  await copyFile(join(home, 'second.key'), tls.key);
  await secure.reload();
  expect(await name()).toBe('200 second');
  await secure.stop();
  await expect(startTestServer({ tls: { ...tls, key: '' } })).rejects.toMatchObject({ code: 'tls-unusable' });
});
