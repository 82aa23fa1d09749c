// The rules of a stream, one by one, with a pretended socket and engine: nothing here depends on time.

import { MemoryBudget } from '../../daemon/http/budget.js';
import type { DetectLate } from '../../daemon/service.js';
import { Stream } from '../../daemon/ws/stream.js';
import { OnboxError } from '../../runtime/core/error.js';

// biome-ignore lint/suspicious/noExplicitAny: tests read messages of every shape
type Message = any;

const answer = {
  model: 'finder',
  version: 1,
  image: { width: 64, height: 48 },
  objects: [],
  ms: { decode: 1, queue: 0, infer: 1, post: 1 },
  pre: 0,
};

/** An engine whose turns come when the test says so. */
function open({ budgetBytes = 1000 } = {}) {
  const messages: Message[] = [];
  const calls: string[] = [];
  const turns: { choose(): string; answer(error?: OnboxError): Promise<void> }[] = [];
  const counted: string[] = [];
  const socket = {
    bufferedAmount: 0,
    send: (text: string) => void messages.push(JSON.parse(text)),
    pause: () => void calls.push('pause'),
    resume: () => void calls.push('resume'),
    close: (code: number) => void calls.push(`close ${code}`),
    terminate: () => void calls.push('terminate'),
  };
  const detect: DetectLate = (choose) =>
    new Promise((resolve, reject) => {
      turns.push({
        choose: () => Buffer.from(choose().image as Uint8Array).toString(),
        answer: async (error) => {
          if (error === undefined) resolve(answer);
          else reject(error);
          await new Promise((done) => setImmediate(done));
        },
      });
    });
  const budget = new MemoryBudget(budgetBytes);
  const stream = new Stream({
    socket,
    model: { name: 'finder', version: 1, device: 'cpu', input: null },
    detect,
    budget,
    counter: { frameIn: () => undefined, frameOut: () => undefined, dropped: (_, reason) => void counted.push(reason) },
  });
  const send = (text: string, isBinary = true): void => stream.receive(Buffer.from(text), isBinary);
  const told = (type: string): Message[] => messages.filter((message) => message.type === type);
  return { stream, socket, messages, calls, turns, counted, budget, send, told };
}

const error = (code: string) => new OnboxError('told', { code });

test('the frame that is looked at is the newest when the turn comes, and what it replaced is told', async () => {
  const { turns, send, told } = open();
  for (const frame of ['first', 'second', 'third']) send(frame);
  expect(turns).toHaveLength(1);
  expect(turns[0]?.choose()).toBe('third');
  send('fourth');
  // Asked again, as after the death of an engine, it is the same.
  expect(turns[0]?.choose()).toBe('third');
  await turns[0]?.answer();
  expect(told('result').map(({ frame, dropped }) => [frame, dropped])).toEqual([[3, 2]]);
  expect(told('drop')).toEqual([{ type: 'drop', from: 1, to: 2, reason: 'late' }]);
  expect(turns[1]?.choose()).toBe('fourth');
});

test('under `all` two frames are at the engine, and results keep their order', async () => {
  const { turns, send, told } = open();
  send('{"type":"config","seq":1,"policy":"all","credit":3}', false);
  for (const frame of ['a', 'b', 'c']) send(frame);
  expect(turns.map(({ choose }) => choose())).toEqual(['a', 'b']);
  await turns[1]?.answer();
  expect(told('result')).toEqual([]);
  await turns[0]?.answer();
  expect(told('result').map(({ frame }) => frame)).toEqual([1, 2]);
  expect(turns[2]?.choose()).toBe('c');
});

test('turns that are waited for under `all` find a frame each after a change to `latest`', async () => {
  const { turns, send, told, stream } = open();
  send('{"type":"config","policy":"all","credit":4}', false);
  send('a');
  send('b');
  send('{"type":"config","policy":"latest"}', false);
  for (const frame of ['c', 'd']) send(frame);
  expect(turns.map(({ choose }) => choose())).toEqual(['c', 'd']);
  for (const turn of turns) await turn.answer();
  stream.tick();
  expect(told('drop')).toEqual([{ type: 'drop', from: 1, to: 2, reason: 'late' }]);
});

test('a frame that is no picture is an error and a drop, so that every frame ends in one result or one drop', async () => {
  const { turns, send, told, counted, stream } = open();
  send('\u0001\u0009'); // The head of a frame that ends too early.
  send('no picture');
  turns[0]?.choose();
  await turns[0]?.answer(error('image-unsupported'));
  stream.tick();
  expect(told('error').map(({ code, frame }) => [code, frame])).toEqual([
    ['bad_frame', 1],
    ['bad_frame', 2],
  ]);
  expect(told('drop')).toEqual([{ type: 'drop', from: 1, to: 2, reason: 'decode' }]);
  expect(counted).toEqual(['decode', 'decode']);
});

test('256 messages in a row without sense close the stream with 1003, one with sense between them does not', () => {
  const { send, calls } = open();
  for (let i = 0; i < 255; i++) send('{', false);
  send('{"type":"config","seq":1}', false);
  for (let i = 0; i < 255; i++) send('{', false);
  expect(calls).toEqual([]);
  send('{', false);
  expect(calls).toEqual(['close 1003']);
});

test('where the engine has no place, the frame is dropped and no more is read until the next second', async () => {
  const { turns, send, told, calls, stream } = open();
  send('a');
  await turns[0]?.answer(error('queue-full'));
  expect(calls).toEqual(['pause']);
  stream.tick();
  expect(calls).toEqual(['pause', 'resume']);
  expect(told('drop')).toEqual([{ type: 'drop', from: 1, to: 1, reason: 'queue' }]);
});

test('where there is no memory for a newer frame, the one that waits stays', () => {
  const { turns, send, calls, counted, budget, stream } = open({ budgetBytes: 10 });
  send('12345');
  send('123456789012');
  expect([calls, counted, budget.taken]).toEqual([['pause'], ['queue'], 5]);
  // Without the one that it replaces there is room.
  send('12345678');
  expect([counted, budget.taken]).toEqual([['queue', 'late'], 8]);
  expect(turns[0]?.choose()).toBe('12345678');
  stream.end();
});

test('zones stay where a config names lines alone', () => {
  const { send, told } = open();
  const zone = '{"name":"yard","points":[[0,0],[1,0],[1,1]]}';
  send(`{"type":"config","seq":1,"zones":[${zone}]}`, false);
  send(`{"type":"config","seq":2,"lines":[{"name":"yard","a":[0,0],"b":[1,1]}]}`, false);
  send(`{"type":"config","seq":3,"zones":[${zone},${zone}]}`, false);
  expect(told('ok').map(({ seq }) => seq)).toEqual([1, 2]);
  expect(told('error')).toMatchObject([{ code: 'scene_bad', seq: 3 }]);
});

test('what lets more than 8 MiB pile up is ended', () => {
  const { stream, socket, calls } = open();
  socket.bufferedAmount = 9 * 1024 * 1024;
  stream.tick();
  expect(calls).toEqual(['close 1013', 'terminate']);
});
