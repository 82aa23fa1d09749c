// Regions on an NPU, driven through the reference plugin: what it computes, in every type, and what happens when it fails or hangs.

import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { loadAddon, type NpuNode, type NpuSubgraph, type NpuTensor, type SessionOptions } from '../../addon/index.js';
import { asFloats, extent, type Fixture, floats, makeFixture, optionsOf, productOffset, sumOffset } from './module-fixture.js';

const bytes = extent * 4;
const ref = resolve(__dirname, '../../addon/build/Release/plugins/ref.so');
let fixture: Fixture;

beforeAll(() => {
  fixture = makeFixture();
});
afterAll(() => fixture.remove());

const node = (op: NpuNode['op'], inputs: readonly number[], output: number, change: Partial<NpuNode> = {}): NpuNode => ({
  op,
  inputs,
  output,
  integers: [],
  floats: [],
  ...change,
});

/** x + weights, stored as `type`, where the CPU's kernel computes it exactly. */
function addition(type: Partial<NpuTensor> = {}): NpuSubgraph {
  const value: NpuTensor = { dtype: 'f32', shape: [extent], ...type };
  return {
    tensors: [value, { dtype: 'f32', shape: [extent], offset: 0 }, value],
    nodes: [node('add', [0, 1], 2)],
    inputs: [0],
    outputs: [2],
  };
}

/** Plan 0: the sum by the region, with the kernel behind it; each test has a device of its own by its options. */
function open(region: NpuSubgraph, options = '', change: Partial<SessionOptions> = {}, timeoutMs = 60_000) {
  const base = optionsOf(fixture, 2);
  const buffers = [
    { space: 'input', offset: 0 },
    { space: 'arena', offset: sumOffset },
  ] as const;
  const plans = [[{ region: 0, fallback: 1, buffers }, ...(base.plans[0] ?? [])]];
  const npu = { plugin: { path: ref, options }, regions: [region], timeoutMs };
  return loadAddon().createSession({ ...base, plans, npu, ...change });
}

const sums = (x: (i: number) => number) => Array.from({ length: extent }, (_, i) => x(i) + 0.5);

describe('a region that the device computes', () => {
  test('leaves out the steps behind it', async () => {
    const session = open(addition());
    const times = await session.profile(0, [floats((i) => i)]);
    expect(asFloats(session.view(sumOffset, bytes))).toEqual(sums((i) => i));
    expect(times[1]).toBe(0);
    expect(session.npu()).toEqual([{ mode: 'ready', reason: '', runs: 1, failures: 0 }]);
    session.close();
  });

  test('shows that it was the device which computed', async () => {
    const session = open(addition(), 'error=1');
    await session.run(0, [floats((i) => i)]);
    expect(asFloats(session.view(sumOffset, bytes)).slice(0, 2)).toEqual([1.5, 1.5]);
    session.close();
  });

  test.each<[string, Partial<NpuTensor>, number]>([
    ['f16', { dtype: 'f16' }, 0.25],
    ['i8', { dtype: 'i8', scales: [8], zeros: [-100] }, 8],
    ['u8', { dtype: 'u8', scales: [4], zeros: [3] }, 4],
    ['i16', { dtype: 'i16', scales: [0.25], zeros: [0] }, 0.25],
  ])('takes %s, and is as near as that type is', async (_, type, step) => {
    const session = open(addition(type));
    await session.run(0, [floats((i) => i)]);
    const got = asFloats(session.view(sumOffset, bytes));
    for (const [i, want] of sums((x) => x).entries()) expect(Math.abs((got[i] ?? 0) - want)).toBeLessThanOrEqual(step);
    expect(session.npu()).toMatchObject([{ mode: 'ready', runs: 1 }]);
    session.close();
  });
});

describe('where the device does not answer, the CPU does', () => {
  test.each([
    ['open', 'told to fail at open'],
    ['compile', 'told to fail at compile'],
  ])('because it fails at %s', async (fail, reason) => {
    const session = open(addition(), `fail=${fail}`);
    await session.run(0, [floats((i) => i)]);
    expect(asFloats(session.view(sumOffset, bytes))).toEqual(sums((i) => i));
    expect(session.npu()).toMatchObject([{ mode: 'failed', reason: expect.stringContaining(reason), runs: 0 }]);
    session.close();
  });

  test('because runs fail: three times, then it is not asked again', async () => {
    const session = open(addition(), 'fail=run');
    for (let run = 0; run < 5; run++) {
      await session.run(0, [floats((i) => run * i)]);
      expect(asFloats(session.view(sumOffset, bytes))).toEqual(sums((i) => run * i));
    }
    expect(session.npu()).toMatchObject([{ mode: 'failed', reason: 'ref: internal error: told to fail at run', failures: 3 }]);
    session.close();
  });

  test('because a run hangs: the device is lost, for sessions that open later too', async () => {
    const session = open(addition(), 'fail=hang', {}, 50);
    await session.run(0, [floats((i) => i)]);
    expect(asFloats(session.view(sumOffset, bytes))).toEqual(sums((i) => i));
    expect(session.npu()).toMatchObject([{ mode: 'lost', reason: 'ref: no answer within 50 ms', failures: 1 }]);
    session.close();
    const later = open(addition(), 'fail=hang', {}, 50);
    await later.run(0, [floats((i) => i)]);
    expect(asFloats(later.view(sumOffset, bytes))).toEqual(sums((i) => i));
    expect(later.npu()).toMatchObject([{ mode: 'failed', reason: expect.stringContaining('no answer within 50 ms') }]);
    later.close();
  });

  test('because there is no plugin', async () => {
    const text = join(fixture.folder, 'text.so');
    writeFileSync(text, 'no plugin');
    for (const path of [text, fixture.object, join(fixture.folder, 'missing.so'), 'ref.so']) {
      const npu = { plugin: { path, options: '' }, regions: [addition()], timeoutMs: 1000 };
      const session = open(addition(), '', { npu });
      await session.run(0, [floats((i) => i)]);
      expect(asFloats(session.view(sumOffset, bytes))).toEqual(sums((i) => i));
      expect(session.npu()).toMatchObject([{ mode: 'failed', reason: expect.stringContaining(`plugin "${path}"`) }]);
      session.close();
    }
  });
});

describe('a plan or region is refused', () => {
  const launch = (change: object) => {
    const buffers = [
      { space: 'input', offset: 0 },
      { space: 'arena', offset: sumOffset },
    ] as const;
    return { plans: [[{ region: 0, fallback: 0, buffers, ...change }]] };
  };

  test.each<[string, object, string]>([
    ['without its region', launch({ region: 1 }), 'names region 1, there are 1'],
    ['that leaves out steps which are not there', launch({ fallback: 1 }), 'leaves out 1 steps'],
    ['of too few buffers', launch({ buffers: [] }), 'has 0 buffers, its region 2'],
    [
      'that ends beyond the arena',
      launch({
        buffers: [
          { space: 'input', offset: 0 },
          { space: 'arena', offset: productOffset + 2048 },
        ],
      }),
      'has a buffer of 4000 bytes',
    ],
  ])('%s', (_, change, message) => {
    expect(() => open(addition(), '', change)).toThrow(
      expect.objectContaining({ code: 'module-plan', message: expect.stringContaining(message) }),
    );
  });

  test.each<[string, NpuSubgraph, string]>([
    ['a tensor that is not there', { ...addition(), inputs: [7] }, 'tensor 7 of 3'],
    ['a constant beyond the weights', withTensor(1, { offset: 8 }), 'a constant at byte 8 of 4000'],
    ['too many scales', withTensor(0, { dtype: 'i8', scales: [1, 2] }), '2 scales where 1 belong'],
    ['scales along no axis', withTensor(0, { dtype: 'i8', scales: [1], axis: 3 }), 'scales along axis 3'],
  ])('that has %s', (_, region, message) => {
    expect(() => open(region)).toThrow(
      expect.objectContaining({ code: 'module-plan', message: expect.stringContaining(message) }),
    );
  });

  function withTensor(index: number, change: Partial<NpuTensor>): NpuSubgraph {
    const region = addition();
    return { ...region, tensors: region.tensors.map((tensor, i) => (i === index ? { ...tensor, ...change } : tensor)) };
  }
});

test('a plugin says what it is and which nodes it can run', () => {
  const graph = addition();
  const odd = node('resize', [0], 2);
  const constants = new Uint8Array(bytes);
  const plugin = { path: ref, options: '' };
  expect(loadAddon().askNpu(plugin, { ...graph, nodes: [...graph.nodes] }, constants)).toMatchObject({
    plugin: 'ref',
    device: 'reference',
    cores: 1,
    supported: [true],
  });
  expect(loadAddon().askNpu(plugin, { ...graph, nodes: [odd] }, constants)).toMatchObject({ supported: [false] });
  expect(loadAddon().askNpu(plugin)).toMatchObject({ supported: [] });
  expect(() => loadAddon().askNpu({ path: fixture.object, options: '' })).toThrow(
    expect.objectContaining({ code: 'npu-plugin', message: expect.stringContaining('has no onbox_npu_entry') }),
  );
});
