// The addon on a module of four tiny kernels: results, thread counts, lifetimes, and everything it must refuse.

import { renameSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type HostLaunch, type Launch, loadAddon, type SessionOptions } from '../../addon/index.js';
import { asFloats, extent, type Fixture, floats, makeFixture, optionsOf, productOffset, sumOffset } from './module-fixture.js';

const bytes = extent * 4;
let fixture: Fixture;

beforeAll(() => {
  fixture = makeFixture();
});
afterAll(() => fixture.remove());

function open(change: Partial<SessionOptions> = {}) {
  return loadAddon().createSession({ ...optionsOf(fixture, 2), ...change });
}

function launch(change: Partial<HostLaunch>): readonly (readonly Launch[])[] {
  return [[{ kernel: 2, extent: 1, buffers: [{ space: 'arena', offset: 0 }], ...change }]];
}

describe.each([1, 2, 4])('with %i threads', (threads) => {
  test('both plans compute what their kernels say', async () => {
    const session = open({ threads });
    const a = floats((i) => i);
    const b = floats((i) => 2 * i);
    await session.run(0, [a]);
    expect(asFloats(session.view(sumOffset, bytes))).toEqual(Array.from({ length: extent }, (_, i) => i + 0.5));
    await session.run(1, [a, b]);
    expect(asFloats(session.view(productOffset, bytes))).toEqual(Array.from({ length: extent }, (_, i) => 2 * i * i));
    expect(asFloats(session.view(sumOffset, bytes))).toEqual(Array.from({ length: extent }, (_, i) => 2 * i * i + 0.5));
    session.close();
  });

  test('ten thousand launches run every iteration exactly once', async () => {
    const extents = [1, 2, 3, 7, 64, 1000];
    const round = Array.from({ length: 100 }, (_, i) => extents[i % extents.length] ?? 1);
    const plan = round.map((count) => ({ kernel: 2, extent: count, buffers: [{ space: 'arena', offset: 0 }] as const }));
    const session = open({ threads, plans: [plan] });
    for (let i = 0; i < 100; i++) await session.run(0, []);
    const counts = new Int32Array(session.view(0, bytes).slice().buffer);
    const want = Array.from({ length: extent }, (_, i) => 100 * round.filter((count) => i < count).length);
    expect([...counts]).toEqual(want);
    session.close();
  });
});

test('two sessions may run side by side', async () => {
  const sessions = [open(), open()];
  const a = floats((i) => i);
  for (let i = 0; i < 100; i++) await Promise.all(sessions.map((session) => session.run(0, [a])));
  for (const session of sessions) expect(asFloats(session.view(sumOffset, bytes))[999]).toBe(999.5);
});

test('profile tells the nanoseconds of every launch', async () => {
  const session = open();
  const quick = await session.profile(1, [floats(() => 1), floats(() => 1)]);
  expect(quick.length).toBe(2);
  const slow = await session.profile(2, []);
  expect(slow[0]).toBeGreaterThan(90e6);
});

test('a fresh arena is zero and aligned for vectors', () => {
  const session = open({ arenaBytes: 5 << 20 });
  expect(session.view(0, 5 << 20).every((byte) => byte === 0)).toBe(true);
});

test('a buffer may begin at any multiple of eight bytes', async () => {
  const session = open({ plans: launch({ extent: 3, buffers: [{ space: 'arena', offset: 72 }] }) });
  await session.run(0, []);
  expect([...new Int32Array(session.view(64, 24).slice().buffer)]).toEqual([0, 0, 1, 1, 1, 0]);
});

test('empty weights are mapped as no bytes', () => {
  const empty = join(fixture.folder, 'empty.bin');
  writeFileSync(empty, '');
  expect(() => open({ weights: empty, plans: launch({}) })).not.toThrow();
});

describe('lifetimes', () => {
  test('a second run is refused while the first is going', async () => {
    const session = open();
    const first = session.run(2, []);
    await expect(session.run(2, [])).rejects.toMatchObject({ code: 'session-busy' });
    await first;
    await session.run(2, []);
  });

  test('after close everything is refused', async () => {
    const session = open();
    session.close();
    session.close();
    await expect(session.run(0, [floats(() => 1)])).rejects.toMatchObject({ code: 'session-closed' });
    await expect(session.profile(0, [floats(() => 1)])).rejects.toMatchObject({ code: 'session-closed' });
    expect(() => session.view(0, 4)).toThrow(expect.objectContaining({ code: 'session-closed' }));
  });

  test('close during a run lets the run end', async () => {
    const session = open();
    const run = session.run(2, []);
    session.close();
    await run;
    await expect(session.run(2, [])).rejects.toMatchObject({ code: 'session-closed' });
  });

  test('a view outlives its session', async () => {
    const session = open();
    await session.run(0, [floats((i) => i)]);
    const view = session.view(sumOffset, bytes);
    session.close();
    expect(asFloats(view)[10]).toBe(10.5);
  });

  test('a module rebuilt under the same name is loaded anew while the old one is open', async () => {
    const object = fixture.build('swapped', {});
    const old = open({ object });
    const source = '#include "onbox_module.h"\nconst onbox_module onbox_module_v1 = {SIZE, ABI, 0, 0, 0};';
    renameSync(fixture.build('newer', { source }), object);
    expect(() => open({ object })).toThrow(/names kernel 0, the module has 0/);
    await old.run(0, [floats(() => 1)]);
  });
});

test('modules that come and go in any order keep their own code', async () => {
  const empty = fixture.build('other', {
    source: '#include "onbox_module.h"\nconst onbox_module onbox_module_v1 = {SIZE, ABI, 0, 0, 0};',
  });
  for (let i = 0; i < 20; i++) {
    const [first, second] = [open(), open()];
    first.close();
    expect(() => open({ object: empty })).toThrow(/the module has 0/);
    await second.run(0, [floats(() => i)]);
    second.close();
  }
});

describe('modules that are refused', () => {
  test('another ABI', () => {
    const object = fixture.build('abi', { abi: '7' });
    expect(() => open({ object })).toThrow(
      expect.objectContaining({ code: 'module-abi', message: expect.stringContaining('ABI 7') }),
    );
  });

  test('a table of another size', () => {
    const object = fixture.build('size', { size: '8' });
    expect(() => open({ object })).toThrow(expect.objectContaining({ code: 'module-abi' }));
  });

  test('no table at all', () => {
    const object = fixture.build('table', { source: 'int nothing;' });
    expect(() => open({ object })).toThrow(/does not export onbox_module_v1/);
  });

  test('a missing, damaged or foreign file', () => {
    const damaged = fixture.build('damaged', {});
    truncateSync(damaged, 1000);
    for (const object of [join(fixture.folder, 'missing.so'), damaged, fixture.weights, fixture.folder]) {
      expect(() => open({ object })).toThrow(expect.objectContaining({ code: 'module-open' }));
    }
  });

  test('weights that are missing or no file', () => {
    for (const weights of [join(fixture.folder, 'missing.bin'), fixture.folder]) {
      expect(() => open({ weights })).toThrow(expect.objectContaining({ code: 'weights-open' }));
    }
  });

  test('an arena larger than memory', () => {
    expect(() => open({ arenaBytes: 2 ** 47 })).toThrow(expect.objectContaining({ code: 'native-argument' }));
  });
});

describe('plans that are refused', () => {
  test.each([
    ['a kernel that is not there', { kernel: 4 }],
    ['an offset behind the arena', { buffers: [{ space: 'arena', offset: 8192 }] as const }],
    ['an offset behind the weights', { buffers: [{ space: 'weights', offset: 4032 }] as const }],
    ['an offset that is not aligned', { buffers: [{ space: 'arena', offset: 36 }] as const }],
    ['an offset in the weights that is not aligned', { buffers: [{ space: 'weights', offset: 4 }] as const }],
    ['an input that is not there', { buffers: [{ space: 'input', offset: 2 }] as const }],
    ['a routine that is not there', { routine: 'none' as 'top-k' }],
    ['a routine with too few buffers', { routine: 'top-k' as const }],
  ])('%s', (_, change) => {
    expect(() => open({ plans: launch(change) })).toThrow(expect.objectContaining({ code: 'module-plan' }));
  });

  test.each([-1, 0.5, Number.NaN, 2 ** 53, '0'])('the offset %p', (offset) => {
    const plans = launch({ buffers: [{ space: 'arena', offset: offset as number }] });
    expect(() => open({ plans })).toThrow(/plans\[0\]\[0\]\.buffers\[0\]\.offset must be a whole number/);
  });

  test.each([0, 257, 1.5])('%p threads', (threads) => {
    expect(() => open({ threads })).toThrow(expect.objectContaining({ code: 'native-argument' }));
  });
});

test('a kernel that has no code for the CPU may be in the table, and in no plan', () => {
  const table = 'static const onbox_kernel kernels[] = {0};\nconst onbox_module onbox_module_v1 = {SIZE, ABI, 1, 0, kernels};';
  const object = fixture.build('hollow', { source: `#include "onbox_module.h"\n${table}` });
  expect(() => open({ object, plans: [] }).close()).not.toThrow();
  expect(() => open({ object, plans: launch({ kernel: 0 }) })).toThrow(
    expect.objectContaining({
      code: 'module-plan',
      message: expect.stringContaining('kernel 0, which has no code for the CPU'),
    }),
  );
});

describe('runs that are refused', () => {
  test('a missing or short input, or a plan that is not there', async () => {
    const session = open();
    await expect(session.run(0, [])).rejects.toMatchObject({ code: 'input-missing' });
    await expect(session.run(1, [floats(() => 1), undefined])).rejects.toMatchObject({ code: 'input-missing' });
    await expect(session.run(0, [new Uint8Array(16)])).rejects.toThrow('input 0 wants 4000 bytes, got 16');
    await expect(session.run(3, [])).rejects.toMatchObject({ code: 'module-plan' });
    await session.run(0, [floats(() => 1)]);
  });

  test('an input of another type', async () => {
    const wrong = [new Float32Array(extent) as unknown as Uint8Array];
    await expect(open().run(0, wrong)).rejects.toThrow('inputs[0] must be a Uint8Array or undefined');
  });

  test('a view that leaves the arena', () => {
    const session = open();
    expect(() => session.view(8000, 193)).toThrow(expect.objectContaining({ code: 'native-argument' }));
    expect(session.view(8192, 0).byteLength).toBe(0);
  });
});
