// The engine: a child that may be killed at any moment without a request being lost, and a queue with an end.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Engine, type EngineOptions } from '../../daemon/engine/engine.js';
import type { Work } from '../../daemon/engine/messages.js';
import { createLock } from '../../daemon/engine/worker.js';
import { fakeChild, until } from './support/server.js';

let folder: string;
const engines: Engine[] = [];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'onbox-engine-'));
  writeFileSync(join(folder, 'state'), 'thing');
});

afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.stop();
});

afterAll(() => rmSync(folder, { recursive: true }));

function startEngine(options: Partial<EngineOptions> = {}): Engine {
  const engine = new Engine({
    child: fakeChild('fake-engine'),
    log: () => undefined,
    queueMax: 100,
    runningMax: 4,
    deadlineMs: 240_000,
    ...options,
  });
  engines.push(engine);
  engine.start();
  return engine;
}

function detect(command: string): Extract<Work, { kind: 'detect' }> {
  return { kind: 'detect', module: folder, image: Buffer.from(command), options: { minConfidence: 0, iou: 1, max: 10 } };
}

test('work handed in before the child is ready is answered', async () => {
  const answer = await startEngine().run(detect('box'));
  expect(answer.objects[0]?.label).toBe('thing');
  expect(answer.ms.queue).toBeGreaterThan(0);
});

test('killing the child with -9 under load loses no request', async () => {
  const engine = startEngine();
  let isLoaded = true;
  let answered = 0;
  const clients = Array.from({ length: 20 }, async () => {
    // Large enough to lie in shared memory.
    for (; isLoaded; answered++) await engine.run(detect(`sleep 20 ${' '.repeat(30_000)}`));
  });
  for (let kills = 0; kills < 3; kills++) {
    const before = answered;
    await until(() => engine.state.ready && answered > before);
    process.kill(engine.state.pid ?? 0, 'SIGKILL');
    // That it is not ready may be over before anyone looks; that it was started again is not.
    await until(() => engine.state.restarts === kills + 1);
  }
  isLoaded = false;
  await Promise.all(clients);
  expect(engine.state).toMatchObject({ restarts: 3, queued: 0, running: 0 });
});

test('large outputs come back whole, also from a child that follows one that was killed', async () => {
  const engine = startEngine();
  const sizes = [300_000, 20_000, 90_000, 5000, 300_000, 1000];
  for (let turn = 0; turn < 3; turn++) {
    const rounds = sizes.map(async (length, index) => {
      const values = Float32Array.from({ length }, (_, at) => at * 3 + index + turn);
      const bytes = new Uint8Array(values.buffer);
      const inputs = [{ name: 'images', dtype: 'f32', shape: [length], bytes } as const];
      const { outputs } = await engine.run({ kind: 'tensors', module: folder, inputs, outputs: ['all', 'out'] });
      expect(outputs.map(({ name }) => name)).toEqual(['all', 'out']);
      expect(Buffer.from(outputs[0]?.bytes ?? []).equals(bytes)).toBe(true);
    });
    if (turn === 1) process.kill(engine.state.pid ?? 0, 'SIGKILL');
    await Promise.all(rounds);
  }
  expect(engine.state.restarts).toBe(1);
});

test('a request that kills its child once is answered by the next', async () => {
  const mark = join(folder, 'crashed');
  await expect(startEngine().run(detect(`crash-once ${mark}`))).resolves.toBeDefined();
});

test('a request that kills every child is given up, and its neighbours are answered', async () => {
  const engine = startEngine();
  const neighbours = [engine.run(detect('sleep 50')), engine.run(detect('sleep 50'))];
  const poison = engine.run(detect('crash'));
  neighbours.push(engine.run(detect('sleep 50')));
  await expect(poison).rejects.toMatchObject({ code: 'engine-crashed' });
  await expect(Promise.all(neighbours)).resolves.toHaveLength(3);
  await expect(engine.run(detect('box'))).resolves.toBeDefined();
});

test('one request more than the queue holds is refused', async () => {
  const engine = startEngine({ queueMax: 2, runningMax: 1 });
  const waiting = [engine.run(detect('box')), engine.run(detect('box'))];
  await expect(engine.run(detect('box'))).rejects.toMatchObject({ code: 'queue-full' });
  await expect(Promise.all(waiting)).resolves.toHaveLength(2);
});

test('a request that hangs is refused at its deadline, its child ended, and the next one answered', async () => {
  const engine = startEngine({ deadlineMs: 1500 });
  await until(() => engine.state.ready);
  await expect(engine.run(detect('hang'))).rejects.toMatchObject({ code: 'deadline-exceeded' });
  await until(() => engine.state.restarts === 1 && engine.state.ready);
  await expect(engine.run(detect('box'))).resolves.toBeDefined();
});

test('work that nobody waits for any more leaves the queue', async () => {
  const engine = startEngine({ runningMax: 1 });
  const first = engine.run(detect('sleep 200'));
  const gone = new AbortController();
  const second = engine.run(detect('box'), { signal: gone.signal });
  gone.abort();
  await expect(second).rejects.toMatchObject({ code: 'request-cancelled' });
  await first;
  expect(engine.state.queued).toBe(0);
});

test('errors of the child arrive with code and message, bugs without their text', async () => {
  const engine = startEngine();
  await expect(engine.run(detect('bad'))).rejects.toMatchObject({ code: 'picture-unsupported', message: 'this is no picture' });
  await expect(engine.run(detect('bug'))).rejects.toMatchObject({
    code: 'internal',
    message: expect.not.stringContaining('secret'),
  });
});

test('what runs is drained before a stop; what comes after it is refused', async () => {
  const engine = startEngine();
  await engine.run(detect('box'));
  const last = engine.run(detect('sleep 100'));
  await engine.drain(5000);
  await expect(last).resolves.toBeDefined();
  await engine.stop();
  await expect(engine.run(detect('box'))).rejects.toMatchObject({ code: 'engine-stopped' });
});

test('a lock runs tasks in the order of their calls, also after one that fails', async () => {
  const lock = createLock();
  const order: number[] = [];
  const slow = lock(async () => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    order.push(1);
    throw new Error('fails');
  });
  const quick = lock(async () => order.push(2));
  await expect(slow).rejects.toThrow('fails');
  await quick;
  expect(order).toEqual([1, 2]);
});
