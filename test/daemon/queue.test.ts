// Who is served next, in a time of its own: no clock, no process.

import { FairQueue, type Priority, type Queued } from '../../daemon/engine/queue.js';

interface Item extends Queued {
  readonly name: string;
}

function item(name: string, source: unknown = name, { module = 'm', priority = 2 as Priority } = {}): Item {
  return { name, source, module, priority };
}

const always = () => true;

/** Takes everything, each request done before the next; a request of a model takes the device for the model's time. */
function drain(queue: FairQueue<Item>, deviceMs: Readonly<Record<string, number>> = {}): string[] {
  const names: string[] = [];
  for (let next = queue.take(always); next !== undefined; next = queue.take(always)) {
    names.push(next.name);
    queue.settle(next, { device: deviceMs[next.module] ?? 1, before: 0 });
  }
  return names;
}

test('those who ask take turns, whatever the number of their requests', () => {
  const queue = new FairQueue<Item>();
  for (let i = 0; i < 4; i++) queue.push(item(`a${i}`, 'a'));
  queue.push(item('b0', 'b'));
  queue.push(item('c0', 'c'));
  queue.push(item('b1', 'b'));
  expect(queue.size).toBe(7);
  expect(drain(queue)).toEqual(['a0', 'b0', 'c0', 'a1', 'b1', 'a2', 'a3']);
  expect(queue.size).toBe(0);
});

test('the urgent go first within their model', () => {
  const queue = new FairQueue<Item>();
  for (const [name, priority] of [
    ['late', 3],
    ['usual', 2],
    ['urgent', 1],
  ] as const) {
    queue.push(item(name, name, { priority }));
  }
  expect(drain(queue)).toEqual(['urgent', 'usual', 'late']);
});

test('models share the device by time: a quick one is not held up by a slow one', () => {
  const queue = new FairQueue<Item>();
  const times = { quick: 10, slow: 100 };
  for (const module of ['slow', 'quick']) {
    queue.push(item('known', 'x', { module }));
    drain(queue, times);
  }
  for (let i = 0; i < 40; i++) queue.push(item('q', 'q', { module: 'quick' }));
  for (let i = 0; i < 4; i++) queue.push(item('s', 's', { module: 'slow' }));
  const order = drain(queue, times).join('');
  const half = order.slice(0, 22);
  expect([...half].filter((name) => name === 'q').length).toBeGreaterThanOrEqual(18);
  expect([...half].filter((name) => name === 's').length).toBeGreaterThanOrEqual(1);
});

test('a model that was idle has saved nothing up', () => {
  const queue = new FairQueue<Item>();
  queue.push(item('x', 'x', { module: 'rare' }));
  drain(queue, { rare: 10 });
  for (let i = 0; i < 100; i++) queue.push(item('b', 'b', { module: 'busy' }));
  drain(queue, { busy: 10 });
  for (let i = 0; i < 4; i++) queue.push(item('b', 'b', { module: 'busy' }));
  for (let i = 0; i < 4; i++) queue.push(item('r', 'r', { module: 'rare' }));
  expect(
    drain(queue, { rare: 10, busy: 10 })
      .slice(0, 4)
      .filter((name) => name === 'b').length,
  ).toBeGreaterThanOrEqual(1);
});

test('what was lost with a child comes first again, and who goes away leaves', () => {
  const queue = new FairQueue<Item>();
  const [a, b, c] = [item('a'), item('b'), item('c')];
  for (const each of [a, b, c]) queue.push(each);
  const lost = queue.take(always) as Item;
  queue.putBack([lost]);
  expect(queue.remove(b)).toBe(true);
  expect(queue.remove(b)).toBe(false);
  expect(queue.all().map(({ name }) => name)).toEqual(['a', 'c']);
  expect(drain(queue)).toEqual(['a', 'c']);
});

test('as many are with the device as keep it busy, and the wait is told by what was measured', () => {
  const queue = new FairQueue<Item>();
  const wanted: number[] = [];
  const look = () => queue.take((_, depth) => wanted.push(depth.wanted) < 0);
  queue.push(item('first'));
  look();
  queue.settle(queue.take(always) as Item, { device: 100, before: 20 });
  queue.push(item('x'));
  look();
  expect(queue.waitMsOf('m')).toBe(100);
  queue.push(item('y', 'y', { module: 'other' }));
  expect(queue.waitMsOf('m')).toBe(200);
  expect(queue.waitMsOf('other')).toBe(0);
  expect(wanted).toEqual([Number.POSITIVE_INFINITY, 2]);
});

/** Streams with one waiting frame each, of which the newest is chosen when the turn comes, at a device that does one thing at a time. */
function simulate(streams: number, framesPerS: number, deviceMs: number, seconds: number) {
  const queue = new FairQueue<Item>();
  const periodMs = 1000 / framesPerS;
  const newest = Array.from({ length: streams }, () => Number.NaN);
  const served = Array.from({ length: streams }, () => [] as number[]);
  const isQueued = Array.from({ length: streams }, () => false);
  let dropped = 0;
  let sent = 0;
  let freeMs = 0;
  for (let tick = 0; tick < seconds * framesPerS; tick++) {
    for (let stream = 0; stream < streams; stream++) {
      const nowMs = tick * periodMs + (stream * periodMs) / streams;
      while (freeMs <= nowMs && queue.size > 0) {
        const next = queue.take(always) as Item;
        const source = next.source as number;
        served[source]?.push(freeMs + deviceMs - (newest[source] as number));
        newest[source] = Number.NaN;
        isQueued[source] = false;
        queue.settle(next, { device: deviceMs, before: 0 });
        freeMs += deviceMs;
      }
      freeMs = Math.max(freeMs, nowMs);
      sent++;
      if (!Number.isNaN(newest[stream])) dropped++;
      newest[stream] = nowMs;
      if (isQueued[stream] === false) queue.push(item('f', stream));
      isQueued[stream] = true;
    }
  }
  return { served, dropped, sent, left: queue.size };
}

test('16 streams at 15 frames/s on a model that does a fifth: equal shares, no frame older than one period and a run, all accounted for', () => {
  const deviceMs = 1000 / 48;
  const { served, dropped, sent, left } = simulate(16, 15, deviceMs, 60);
  const counts = served.map(({ length }) => length);
  expect(counts.reduce((sum, count) => sum + count, 0) + dropped + left).toBe(sent);
  expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
  expect(Math.min(...counts)).toBeGreaterThan((60 * 48) / 16 - 3);
  for (const latencies of served) expect(Math.max(...latencies)).toBeLessThanOrEqual(1000 / 15 + 2 * deviceMs);
});
