// Models are loaded on first use and go when others need their place or nobody uses them.

import { npuFacts } from '../../daemon/api/complaints.js';
import { LoadedModels, type LoadOptions } from '../../daemon/engine/loaded.js';
import type { LoadedModel } from '../../daemon/engine/messages.js';
import type { EngineModel, EngineRuntime } from '../../daemon/engine/worker.js';
import { fakeChild, startTestServer, type TestServer, until } from './support/server.js';

/** Models whose folder is their size in bytes, as `a:30`. */
function open(options: Partial<LoadOptions>) {
  const closed: string[] = [];
  const told: (readonly string[])[] = [];
  const runtime = {
    async openModel(folder: string, { admit }: Parameters<EngineRuntime['openModel']>[1]) {
      await admit?.(Number(folder.split(':')[1]));
      return { session: {}, close: async () => void closed.push(folder) } as unknown as EngineModel;
    },
  } as EngineRuntime;
  const all = { threads: undefined, modelsMax: 8, bytesMax: 100, keepAliveMs: Number.POSITIVE_INFINITY, ...options };
  const models = new LoadedModels(runtime, all, (list) => told.push(list.map(({ module }) => module)));
  return { models, closed, now: () => told.at(-1) };
}

test('the model unused longest goes first, until the memory is enough for the next', async () => {
  const { models, closed, now } = open({});
  for (const folder of ['a:40', 'b:30', 'c:20', 'a:40', 'd:60']) await models.open(folder);
  expect(closed).toEqual(['b:30', 'c:20']);
  expect(now()).toEqual(['a:40', 'd:60']);
});

test('a model that is larger than all models may be is refused with both values, and the others stay', async () => {
  const { models, closed } = open({ bytesMax: 50 * 1024 * 1024 });
  await models.open('a:1');
  const tooLarge = `big:${80 * 1024 * 1024}`;
  await expect(models.open(tooLarge)).rejects.toMatchObject({
    code: 'models-memory',
    message: expect.stringMatching(/80\.0 MiB.* 50\.0 MiB/),
  });
  expect(closed).toEqual([]);
});

test('one more than may be open closes one', async () => {
  const { models, now } = open({ modelsMax: 2 });
  for (const folder of ['a:1', 'b:1', 'c:1']) await models.open(folder);
  expect(now()).toEqual(['b:1', 'c:1']);
});

test('what nobody used for as long as models are kept alive goes', async () => {
  const { models, closed } = open({ keepAliveMs: 0 });
  await models.open('a:1');
  await models.expire();
  expect(closed).toEqual(['a:1']);
});

test('a region of the NPU that the CPU answers for is told once, and health names the cure', async () => {
  const told: (readonly LoadedModel[])[] = [];
  let reason = '';
  const session = { npu: () => [{ mode: 'ready', reason, runs: 1, failures: 0 }] };
  const runtime = { openModel: async () => ({ session, close: async () => undefined }) } as unknown as EngineRuntime;
  const options = { threads: undefined, modelsMax: 8, bytesMax: 100, keepAliveMs: Number.POSITIVE_INFINITY };
  const models = new LoadedModels(runtime, options, (list) => told.push(list));
  await models.open('a');
  models.note('a');
  expect(told).toHaveLength(1);
  expect(npuFacts(told.at(-1) ?? [])).toEqual([{ device: 'npu', ok: true }]);
  reason = 'ref: no answer within 50 ms';
  models.note('a');
  models.note('a');
  expect(told).toHaveLength(2);
  expect(npuFacts(told.at(-1) ?? [])).toEqual([
    {
      device: 'npu',
      ok: false,
      problem: 'the CPU answers for regions of the NPU: ref: no answer within 50 ms',
      cure: 'answers are right but slower; restart onbox to try the NPU again',
    },
  ]);
  expect(npuFacts([])).toEqual([]);
});

describe('a daemon whose models fill the memory with two', () => {
  let server: TestServer;
  const names = async (): Promise<string[]> =>
    (await server.ask('GET', '/v1/ps')).json.models.map(({ name }: { name: string }) => name).sort();

  beforeAll(async () => {
    const { script, nodeFlags } = fakeChild('fake-engine');
    server = await startTestServer({ engineChild: { script, nodeFlags, args: ['0', '8', '2', '3600'] } });
    for (const name of ['one', 'two', 'three']) await server.ask('PUT', `/v1/models/${name}`, `good detect ${name}`);
    await until(() => server.engine.state.ready);
  });

  afterAll(() => server.stop());

  test('the third model takes the place of the one unused longest, which comes back when it is asked', async () => {
    for (const name of ['one', 'two', 'three']) await server.ask('POST', `/v1/detect?model=${name}`, 'box');
    expect(await names()).toEqual(['three', 'two']);
    expect((await server.ask('POST', '/v1/detect?model=one', 'box')).status).toBe(200);
    expect(await names()).toEqual(['one', 'three']);
  });

  test('ps tells memory, last use and when each goes', async () => {
    const { models, memory } = (await server.ask('GET', '/v1/ps')).json;
    expect(memory).toEqual({ taken: 2 * 1024 * 1024, max: 2 * 1024 * 1024 });
    for (const { version, memory: bytes, lastUsedAt, expiresAt } of models) {
      expect([version, bytes]).toEqual([1, 1024 * 1024]);
      expect(Date.parse(expiresAt) - Date.parse(lastUsedAt)).toBe(3_600_000);
    }
  });

  test('nothing is loaded in an engine that has just followed another', async () => {
    process.kill(server.engine.state.pid ?? 0, 'SIGKILL');
    await until(() => server.engine.state.restarts === 1 && server.engine.state.ready);
    expect(await names()).toEqual([]);
  });
});
