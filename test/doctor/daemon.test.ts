// What onbox doctor says of the daemon: its configuration, port, key, certificate and models.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Patient } from '../../daemon/doctor/check.js';
import { examine, worstOf } from '../../daemon/doctor/index.js';
import { configCheck, keyCheck, portCheck } from '../../daemon/doctor/listen.js';
import { currentUser, thisMachine } from '../../daemon/doctor/patient.js';
import { storeCheck } from '../../daemon/doctor/store.js';
import { type FakeFiles, findings } from './machine.js';

const home = '/var/lib/onbox';
const config = (http: Readonly<Record<string, unknown>>): FakeFiles => ({ [`${home}/config.json`]: JSON.stringify({ http }) });

test('a configuration that keeps the daemon from starting is told with its line', async () => {
  const files = { [`${home}/config.json`]: '{\n "http": { "prot": 1 } }' };
  expect(await findings(configCheck, files)).toEqual([
    expect.objectContaining({ status: 'problem', why: expect.stringMatching(/line 2 .*http\.prot/) }),
  ]);
  expect(await findings(configCheck, {})).toEqual([expect.objectContaining({ status: 'ok' })]);
});

test('a port is free, of an onbox, or of another program, which is named', async () => {
  expect(await findings(portCheck, {})).toEqual([
    expect.objectContaining({ status: 'note', summary: expect.stringContaining('is free') }),
  ]);
  const ask: Patient['ask'] = async () => ({ version: '0.1.0', status: 'ok', complaints: [] });
  expect(await findings(portCheck, {}, { ask })).toEqual([
    expect.objectContaining({ status: 'ok', summary: expect.stringContaining('onbox 0.1.0 answers') }),
  ]);
  const files = {
    '/proc/net/tcp':
      '  sl  local_address rem_address   st\n   0: 0100007F:20E4 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4242 1\n',
    '/proc/77/comm': 'nginx\n',
    '/proc/77/fd/3': '-> socket:[4242]',
  };
  const taken: Patient['tryListen'] = async () => 'EADDRINUSE';
  expect(await findings(portCheck, files, { tryListen: taken })).toEqual([
    expect.objectContaining({ status: 'problem', summary: 'port 8420 is taken', why: 'nginx (process 77) listens there' }),
  ]);
});

test('what a running daemon complains of is told with its cure', async () => {
  const ask: Patient['ask'] = async () => ({
    version: '0.1.0',
    status: 'starting',
    complaints: [{ name: 'yolo', problem: 'is damaged', cure: 'compile it again' }],
  });
  expect(await findings(portCheck, {}, { ask })).toEqual([
    expect.objectContaining({ status: 'problem', summary: 'yolo: is damaged', cure: 'compile it again' }),
  ]);
});

test.each([
  ['EADDRNOTAVAIL', /no address of this machine/],
  ['EACCES', /below 1024/],
  ['EIO', /EIO/],
])('an address that cannot be listened on (%s)', async (code, told) => {
  const [found] = await findings(portCheck, {}, { tryListen: async () => code });
  expect(found?.status).toBe('problem');
  expect(`${found?.summary} ${found?.why}`).toMatch(told);
});

test('off loopback a key is needed, and only its owner may read it', async () => {
  const open = config({ host: '0.0.0.0' });
  expect((await findings(keyCheck, {}))[0]?.summary).toContain('loopback');
  expect((await findings(keyCheck, open))[0]?.summary).toContain('made at the first start');
  const shared = { ...open, [`${home}/key`]: 'mode 644' };
  expect((await findings(keyCheck, shared))[0]).toMatchObject({
    status: 'problem',
    cure: expect.stringContaining('chmod 600'),
  });
  expect((await findings(keyCheck, config({ host: '0.0.0.0', insecure: true })))[0]).toMatchObject({ status: 'warning' });
});

test('a certificate is told before it ends', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'onbox-certificate-'));
  try {
    const paths = ['key.pem', 'cert.pem'].map((name) => join(folder, name));
    const subject = ['-subj', '/CN=box', '-days', '100', '-keyout', paths[0] ?? '', '-out', paths[1] ?? ''];
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', ...subject], {
      stdio: 'ignore',
    });
    const files = {
      ...config({ tls_cert: '/etc/cert.pem', tls_key: '/etc/key.pem' }),
      '/etc/cert.pem': readFileSync(paths[1] ?? '', 'utf8'),
    };
    const statusAfter = async (days: number) =>
      (await findings(keyCheck, files, { now: new Date(Date.now() + days * 86_400_000) })).map(({ status }) => status);
    expect(await statusAfter(0)).toEqual(['ok', 'ok']);
    expect(await statusAfter(90)).toEqual(['ok', 'warning']);
    expect(await statusAfter(101)).toEqual(['ok', 'problem']);
    expect(await statusAfter(-1)).toEqual(['ok', 'problem']);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a model whose record or module is damaged is told by name', async () => {
  const model = `${home}/models/yolo`;
  const lists = { labels: [], inputs: [], outputs: [], options: {}, report: {} };
  const facts = {
    head: null,
    device: 'cpu',
    embedded: false,
    task: 'detect',
    installedAt: '',
    digest: '0'.repeat(64),
    ...lists,
  };
  const record = JSON.stringify({ format: 1, name: 'yolo', version: 1, ...facts });
  const told = [expect.objectContaining({ status: 'problem', summary: 'model "yolo" is damaged' })];
  expect(await findings(storeCheck, { [`${model}/current`]: '1\n', [`${model}/1/record.json`]: '{}' })).toEqual(told);
  const installed = { [`${model}/current`]: '1\n', [`${model}/1/record.json`]: record };
  expect(await findings(storeCheck, { ...installed, [`${model}/1/module/manifest.json`]: '{"format":' })).toEqual(told);
  expect(await findings(storeCheck, {})).toEqual([expect.objectContaining({ status: 'ok' })]);
});

test('this very machine is examined to the end', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'onbox-doctor-home-'));
  try {
    const found = await examine({
      ...thisMachine(process.env, folder, currentUser('me')),
      opencl: async () => ({ devices: [] }),
    });
    expect(found.filter(({ summary }) => summary === 'this check failed')).toEqual([]);
    expect(found.map(({ check }) => check)).toEqual(expect.arrayContaining(['board', 'compiler', 'port', 'service']));
    expect(['ok', 'note', 'warning', 'problem']).toContain(worstOf(found));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
