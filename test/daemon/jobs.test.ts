// Jobs: progress as NDJSON, one at a time, shared, cancelled, followed again, and not lost when the daemon ends.

import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { Client } from '../../daemon/api/client.js';
import { JobBook } from '../../daemon/jobs/book.js';
import { followJob } from '../../daemon/jobs/follow.js';
import { ModelStore } from '../../daemon/store/store.js';
import { startTestServer, type TestServer, temporaryFolder, until } from './support/server.js';

let home: string;
let server: TestServer;

beforeAll(async () => {
  home = await temporaryFolder();
  server = await startTestServer({ home });
});

afterAll(async () => {
  await server.stop();
  await rm(home, { recursive: true, force: true });
});

// biome-ignore lint/suspicious/noExplicitAny: lines have many shapes
function linesOf(text: string): any[] {
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

/** Starts a job and does not follow it. */
async function start(name: string, command: string): Promise<string> {
  const { status, json, headers } = await server.ask('POST', `/v1/models/${name}?stream=0`, command);
  expect(status).toBe(202);
  expect(headers['location']).toBe(`/v1/jobs/${json.id}`);
  return json.id;
}

async function stateOf(id: string): Promise<string> {
  return (await server.ask('GET', `/v1/jobs/${id}`)).json.state;
}

test('a model that is posted is answered with its progress, line by line, to the end', async () => {
  const { status, headers, text } = await server.ask('POST', '/v1/models/posted', 'good detect');
  expect([status, headers['content-type']]).toEqual([200, 'application/x-ndjson']);
  const lines = linesOf(text);
  const id = lines[0].job;
  expect(headers['location']).toBe(`/v1/jobs/${id}`);
  expect(lines[0]).toEqual({ seq: 0, job: id, kind: 'compile', model: 'posted', status: 'queued' });
  expect(lines.map(({ seq }) => seq)).toEqual(lines.map((_, i) => i));
  expect(lines).toContainEqual(expect.objectContaining({ status: 'kernels', completed: 1, total: 2 }));
  expect(lines.at(-1)).toMatchObject({ status: 'success', version: 1, digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) });
  expect((await server.ask('GET', `/v1/jobs/${id}`)).json).toMatchObject({ id, kind: 'compile', state: 'done', version: 1 });
  expect((await server.ask('GET', '/v1/jobs')).json.jobs.map((job: { id: string }) => job.id)).toContain(id);
  expect((await server.ask('GET', '/v1/models/posted')).json.version).toBe(1);
});

test.each([
  ['invalid', 'model-invalid'],
  ['unsupported', 'unsupported-operators'],
  ['crash', 'compile-crashed'],
  ['bug', 'compile-failed'],
])('a job that fails (%s) says why in its last line, and is listed as failed', async (command, code) => {
  const { status, text } = await server.ask('POST', '/v1/models/failing', command);
  const last = linesOf(text).at(-1);
  expect([status, last.code]).toEqual([200, code]);
  expect(last.error).toEqual(expect.any(String));
  const id = linesOf(text)[0].job;
  expect((await server.ask('GET', `/v1/jobs/${id}`)).json).toMatchObject({ state: 'failed', error: { code } });
});

test('jobs run one at a time in their order, two requests for one thing share a job, and a cancelled one ends at once', async () => {
  const first = await start('slow', 'sleep 60000');
  await until(async () => (await stateOf(first)) === 'running');
  const second = await start('next', 'good detect');
  expect(await start('slow', 'sleep 60000')).toBe(first);
  expect(await start('slow', 'sleep 59999')).not.toBe(first);
  expect(await stateOf(second)).toBe('queued');
  expect((await server.ask('GET', '/v1/health')).json.jobs).toEqual({ running: 1, queued: 2 });
  for (const { id } of (await server.ask('GET', '/v1/jobs')).json.jobs.filter(
    (job: { model: string }) => job.model === 'slow',
  )) {
    expect((await server.ask('DELETE', `/v1/jobs/${id}`)).status).toBe(202);
    await until(async () => (await stateOf(id)) === 'cancelled');
  }
  await until(async () => (await stateOf(second)) === 'done');
  await expect(new ModelStore(home).find('slow')).rejects.toMatchObject({ code: 'model-missing' });
});

test('a lost connection is made again where it stopped', async () => {
  const { text } = await server.ask('POST', '/v1/models/again', 'good classify');
  const lines = linesOf(text);
  const rest = await server.ask('GET', `/v1/jobs/${lines[0].job}?follow=1&from=2`);
  expect(linesOf(rest.text)).toEqual(lines.slice(2));
  const client = new Client({ url: `http://127.0.0.1:${server.port}` });
  const followed: unknown[] = [];
  for await (const line of client.followJob(lines[0].job)) followed.push(line);
  expect(followed).toEqual(lines);
});

test('what is no job, and a query that is none, are refused', async () => {
  for (const id of ['j-999', 'j-0', 'x', '..%2Fkey', 'j-1%00']) {
    expect((await server.ask('GET', `/v1/jobs/${id}`)).json.error.code).toBe('job-missing');
    expect((await server.ask('DELETE', `/v1/jobs/${id}`)).status).toBe(404);
  }
  expect((await server.ask('GET', '/v1/jobs/j-1?from=-1')).status).toBe(400);
  expect((await server.ask('POST', '/v1/models/none/tune')).status).toBe(404);
  expect((await server.ask('POST', '/v1/models/posted/tune?minutes=0')).status).toBe(400);
});

/** States of the processes that this one started, as in proc(5). */
function childStates(): string[] {
  const children = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8').trim().split(' ');
  return children.map((pid) => {
    try {
      return readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /, '')[0] ?? '';
    } catch {
      return '';
    }
  });
}

test('a search stands still while a request runs, goes on after it, and what is faster answers from then on', async () => {
  await server.ask('PUT', '/v1/models/tuned', 'good detect');
  const { json } = await server.ask('POST', '/v1/models/tuned/tune?trials=50&stream=0');
  await until(async () => (await stateOf(json.id)) === 'running');
  const slow = server.ask('POST', '/v1/detect?model=tuned', 'sleep 1500', { 'Content-Type': 'image/png' });
  await until(() => childStates().includes('T'));
  await slow;
  await until(async () => (await stateOf(json.id)) === 'done');
  expect(childStates()).not.toContain('T');
  const { version, report } = (await server.ask('GET', `/v1/jobs/${json.id}`)).json;
  expect(version).toBe(2);
  expect(report).toMatchObject({ before: { medianMs: 2 }, after: { medianMs: 1 } });
  expect((await server.ask('POST', '/v1/detect?model=tuned', 'box', { 'Content-Type': 'image/png' })).json.version).toBe(2);
});

test('a search that is asked to finish keeps what it found', async () => {
  const { json } = await server.ask('POST', '/v1/models/tuned/tune?stream=0');
  await until(async () => (await stateOf(json.id)) === 'running');
  await server.ask('DELETE', `/v1/jobs/${json.id}?finish=1`);
  await until(async () => (await stateOf(json.id)) === 'done');
  expect((await server.ask('GET', '/v1/models/tuned')).json.version).toBe(3);
});

test('a job outlives its daemon: the next one takes it up, and it is followed to its end', async () => {
  const id = await start('survivor', 'sleep 1000');
  const queued = await start('second', 'good detect');
  await until(async () => (await stateOf(id)) === 'running');
  const book = new JobBook(new ModelStore(home));
  await server.stop();
  expect((await book.find(id)).state).toBe('queued');
  server = await startTestServer({ home });
  let last: unknown;
  for await (const line of followJob(book, id)) last = line;
  expect(last).toMatchObject({ status: 'success', version: 1 });
  await until(async () => (await stateOf(queued)) === 'done');
  expect((await server.ask('GET', '/v1/models/survivor')).status).toBe(200);
  expect(server.log.filter((line) => line.includes('job-resumed'))).toHaveLength(2);
});

test('a job whose process was killed is told as such, and can be cancelled', async () => {
  const store = new ModelStore(home);
  const book = new JobBook(store);
  const request = { kind: 'compile', key: 'k', model: 'dead', digest: 'a'.repeat(64), options: {}, embedded: false } as const;
  const job = await book.create({ ...request, niceness: 0 }, await store.stage());
  await book.update(job, { owner: '999999999.1.abc' });
  expect((await server.ask('GET', `/v1/jobs/${job.id}`)).json).toMatchObject({ state: 'failed', resumable: true });
  expect(linesOf((await server.ask('GET', `/v1/jobs/${job.id}?follow=1`)).text).at(-1).code).toBe('job-interrupted');
  await server.ask('DELETE', `/v1/jobs/${job.id}`);
  expect(await stateOf(job.id)).toBe('cancelled');
});
