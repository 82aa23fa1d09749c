// Tuning in quiet hours: the model that is used most, nothing while requests run, and a version that is worse in service is taken back.

import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AnswerOf, Detected, Work } from '../../daemon/engine/messages.js';
import { type Job, JobBook } from '../../daemon/jobs/book.js';
import { type IdleOptions, IdleTuner } from '../../daemon/jobs/idle.js';
import { type Asked, Witness } from '../../daemon/jobs/witness.js';
import { createLog } from '../../daemon/log.js';
import { Statistics } from '../../daemon/statistics.js';
import { ModelStore } from '../../daemon/store/store.js';
import { temporaryFolder, until } from './support/server.js';

let store: ModelStore;
let book: JobBook;
let statistics: Statistics;
let log: string[];
let isBusy: boolean;
let hasJobs: boolean;
/** What was started, oldest first. */
let started: Job[];
let tuner: IdleTuner;
/** Of the version before: what it answers. */
let truth: Detected;
let witness: Witness;
let ran: Work[];

beforeEach(async () => {
  store = new ModelStore(await temporaryFolder());
  await store.prepare();
  book = new JobBook(store);
  statistics = new Statistics();
  ran = [];
  truth = found(0.9);
  witness = new Witness({
    async run<W extends Work>(work: W) {
      ran.push(work);
      return (work.kind === 'release' ? null : truth) as AnswerOf<W>;
    },
  });
  [log, isBusy, hasJobs, started] = [[], false, false, []];
});

afterEach(async () => {
  tuner.stop();
  await rm(store.home, { recursive: true });
});

function begin(options: Partial<IdleOptions> = {}): void {
  const parts = { store, book, statistics, witness, log: createLog((line) => log.push(line)) };
  tuner = new IdleTuner(
    {
      ...parts,
      isBusy: () => isBusy,
      hasJobs: () => hasJobs,
      async start(model, minutes) {
        const request = {
          kind: 'tune',
          key: 'k',
          model,
          digest: 'a'.repeat(64),
          options: {},
          embedded: false,
          niceness: 0,
        } as const;
        const job = await book.create({ ...request, budget: { minutes, trials: 1 }, isIdle: true }, await store.stage());
        started.push(job);
        return job;
      },
    },
    { minutesPerDay: 60, quietMs: 0, lookMs: 20, ...options },
  );
}

async function install(name: string): Promise<void> {
  const staging = await store.stage();
  await writeFile(join(staging, 'model.onnx'), 'onnx');
  await mkdir(join(staging, 'module'));
  const digest = 'a'.repeat(64);
  const facts = { digest, task: 'detect', labels: [], head: null, inputs: [], outputs: [], device: 'cpu' } as const;
  await store.install(staging, name, { ...facts, embedded: false, options: {}, report: {} });
}

function found(confidence: number): Detected {
  const object = { label: 'cat', class: 0, confidence, box: [1, 2, 30, 40] } as const;
  return { image: { width: 64, height: 64 }, objects: [object], ms: { decode: 0, queue: 0, infer: 1, post: 0 }, pre: 0 };
}

/** Answers as the version in service gives them, of which the witness is told. */
async function testify(answers: readonly Detected[]): Promise<void> {
  for (const answer of answers) {
    await until(() => witness.isCurious('m', 2) || witness.of('m').isOver);
    const image = Buffer.from([1]);
    const work: Asked = { kind: 'detect', module: 'new', image, options: {} };
    if (witness.isCurious('m', 2)) witness.saw('m', work, answer);
    // The buffers of bodies are used again.
    image[0] = 9;
  }
}

/** So many answers, each of which ran for `infer` ms. */
function answer(name: string, version: number, count: number, infer: number): void {
  for (let i = 0; i < count; i++) statistics.succeeded(name, version, { decode: 0, queue: 0, infer, post: 0 }, infer);
}

/** Ends the search that runs with a new version that was measured twice as fast. */
async function succeed(): Promise<void> {
  const [job] = started.slice(-1) as [Job];
  await install(job.model);
  const report = { before: { medianMs: 2 }, after: { medianMs: 1 } };
  await book.update(job, { state: 'done', version: (await store.find(job.model)).version, report });
  await until(() => log.some((line) => line.includes(' idle-tuned ')));
}

test('the model with most answers is tuned, and a version that keeps its promise stays', async () => {
  for (const name of ['rare', 'busy', 'unused']) await install(name);
  answer('rare', 1, 1, 10);
  answer('busy', 1, 30, 10);
  begin();
  await until(() => started.length === 1);
  expect(started[0]).toMatchObject({ model: 'busy', isIdle: true, budget: { minutes: 2 } });
  // So that the next search, for the model with fewer answers, does not begin.
  hasJobs = true;
  await succeed();
  expect(log.join('')).toMatch(/idle-tuned model="busy" version=2 before_ms=2 after_ms=1 gain=2/);
  answer('busy', 2, 30, 5);
  await new Promise((resolve) => setTimeout(resolve, 100));
  // Not before its answers were compared.
  expect(log.join('')).not.toContain('idle-tuning-kept');
  for (let i = 0; i < 3; i++) {
    await until(() => witness.isCurious('busy', 2));
    witness.saw('busy', { kind: 'detect', module: 'new', image: Uint8Array.of(1), options: {} }, found(0.895));
  }
  await until(() => log.some((line) => line.includes('idle-tuning-kept model="busy" version=2 before_ms=10 after_ms=5')));
  expect((await store.find('busy')).version).toBe(2);
});

test.each([
  ['slower in service', () => answer('m', 2, 30, 20)],
  ['failing in service', () => statistics.failed('m', 2, 'engine-crashed', 1)],
])('a version that is %s is taken back, and is not searched for again', async (_name, serve) => {
  await install('m');
  answer('m', 1, 30, 10);
  begin();
  await until(() => started.length === 1);
  await succeed();
  serve();
  await until(() => log.some((line) => line.includes('idle-tuning-withdrawn')));
  expect((await store.find('m')).version).toBe(1);
  answer('m', 1, 1, 10);
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(started).toHaveLength(1);
});

test('a version that answers otherwise than the one before is taken back', async () => {
  await install('m');
  answer('m', 1, 30, 10);
  begin();
  await until(() => started.length === 1);
  const before = (await store.find('m')).module;
  await succeed();
  await testify([found(0.9), found(0.6)]);
  await until(() => log.some((line) => line.includes('idle-tuning-withdrawn')));
  expect(log.join('')).toMatch(
    /withdrawn model="m" version=2 .*compared=2 wrong="cat at 1, 2, 30, 40 with 0\.6 is in one answer alone"/,
  );
  expect((await store.find('m')).module).toBe(before);
  // It answers again, so it is not let go.
  expect(ran.map(({ kind, module }) => [kind, module])).toEqual(new Array(2).fill(['detect', before]));
  for (const work of ran) expect(work).toMatchObject({ image: Uint8Array.of(1) });
});

test('a request ends a search, and the next quiet time begins another', async () => {
  await install('m');
  answer('m', 1, 1, 10);
  begin();
  await until(() => started.length === 1);
  const [job] = started as [Job];
  isBusy = true;
  await until(async () => (await book.stopAsked(job.id)) === 'cancel');
  await book.update(job, { state: 'cancelled' });
  await until(() => log.some((line) => line.includes('idle-tuning-ended model="m" interrupted=true')));
  expect(started).toHaveLength(1);
  isBusy = false;
  await until(() => started.length === 2);
});

test.each([
  ['while jobs run that were asked for', () => (hasJobs = true), {}],
  ['while requests run', () => (isBusy = true), {}],
  ['before it was quiet for long enough', () => undefined, { quietMs: 1e9 }],
  ['once the budget of the day is spent', () => undefined, { minutesPerDay: 0 }],
])('nothing is searched %s', async (_name, prepare, options) => {
  prepare();
  await install('m');
  answer('m', 1, 1, 10);
  begin(options);
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(started).toEqual([]);
});
