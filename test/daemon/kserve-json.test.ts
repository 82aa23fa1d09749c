// JSON of inferences: what is lifted out is what the native parser would have read, in slices that let others run.

import fc from 'fast-check';
import { liftJson } from '../../daemon/kserve/json-lift.js';
import { printNumbers, readNumbers } from '../../daemon/kserve/json-numbers.js';
import { type Dtype, viewBytes } from '../../runtime/index.js';

const textOf = (pieces: readonly Uint8Array[]) => pieces.map((piece) => Buffer.from(piece).toString());
const lift = (text: string) => liftJson(Buffer.from(text));

async function read(data: string, dtype: Dtype, count: number) {
  const { arrays } = await lift(`{"inputs":[{"data":[${data}]}]}`);
  const bytes = await readNumbers(arrays[0] ?? new Uint8Array(), 'x', { dtype, shape: [count], count });
  return [...viewBytes(dtype, bytes)];
}

/** Counts how often others could run while `task` did. */
async function turnsDuring(task: () => Promise<unknown>): Promise<number> {
  let turns = 0;
  let isDone = false;
  const count = (): void => {
    turns++;
    if (!isDone) setImmediate(count);
  };
  setImmediate(count);
  await task();
  isDone = true;
  return turns;
}

const refusedKeys = ['__proto__', 'constructor', 'prototype'];
const json = fc.jsonValue({ maxDepth: 5 }).filter((value) => !refusedKeys.some((key) => JSON.stringify(value).includes(key)));

test('JSON without inputs is what JSON.parse makes of it, however it is spaced', async () => {
  await fc.assert(
    fc.asyncProperty(json, fc.constantFrom(0, 2), async (value, space) => {
      const text = JSON.stringify({ value }, null, space);
      expect(await lift(text)).toEqual({ head: JSON.parse(text), arrays: [] });
    }),
    { numRuns: 200 },
  );
});

type Nested = number | readonly Nested[];
const { nested } = fc.letrec<{ nested: Nested }>((tie) => ({
  nested: fc.oneof(
    { maxDepth: 4 },
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.array(tie('nested'), { minLength: 1, maxLength: 4 }),
  ),
}));

test('numbers are read as JSON.parse reads them, nested in any way and spaced in any way', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(nested, { minLength: 1, maxLength: 8 }), fc.constantFrom(0, 1), async (data, space) => {
      const flat = (data as unknown[]).flat(Number.POSITIVE_INFINITY) as number[];
      const { head, arrays } = await lift(JSON.stringify({ inputs: [{ name: 'x', data }] }, null, space));
      expect(head).toEqual({ inputs: [{ name: 'x', data: { lifted: 0 } }] });
      const type = { dtype: 'f64', shape: [flat.length], count: flat.length } as const;
      const bytes = await readNumbers(arrays[0] ?? new Uint8Array(), 'x', type);
      // JSON has no negative zero.
      expect([...viewBytes('f64', bytes)]).toEqual(flat.map((value) => value + 0));
    }),
    { numRuns: 200 },
  );
});

test('only the data of inputs are lifted, in their order', async () => {
  const { head, arrays } = await lift(
    '{"data":[1],"inputs":[{"data":[1,[2]]},{"x":{"data":[3]}},{"data":[]}],"outputs":[{"data":[4]}]}',
  );
  expect(head).toEqual({
    data: [1],
    inputs: [{ data: { lifted: 0 } }, { x: { data: [3] } }, { data: { lifted: 1 } }],
    outputs: [{ data: [4] }],
  });
  expect(textOf(arrays)).toEqual(['1,[2]', '']);
});

test('quotes, brackets and backslashes inside of strings are text', async () => {
  const id = '\\"[{:,}]\\\\';
  expect((await lift(JSON.stringify({ id, 'k"[:': [id] }))).head).toEqual({ id, 'k"[:': [id] });
});

test.each([
  ['i8', '-128,127', [-128, 127]],
  ['u8', '0,255', [0, 255]],
  ['i16', '-32768', [-32768]],
  ['u16', '65535', [65535]],
  ['i32', '-2147483648', [-2147483648]],
  ['u32', '4294967295', [4294967295]],
  ['i64', '-9007199254740991', [-9007199254740991n]],
  ['u64', '9007199254740991', [9007199254740991n]],
  ['bool', 'true,false,1,0', [1, 0, 1, 0]],
  ['f32', '3.5,1e-3', [3.5, Math.fround(0.001)]],
  ['f64', '1e308', [1e308]],
] as const)('%s takes %s', async (dtype, data, values) => {
  expect(await read(data, dtype, values.length)).toEqual(values);
});

test.each([
  ['i8', '128'],
  ['u8', '-1'],
  ['u8', '0.5'],
  ['i32', '2147483648'],
  ['i64', '9007199254740993'],
  ['u64', '18446744073709551615'],
  ['i64', '1.5'],
  ['bool', '2'],
  ['f32', '1e39'],
  ['f32', '"1"'],
  ['f32', 'null'],
  ['f32', 'NaN'],
  ['f64', '1e400'],
  ['f16', '1'],
] as const)('%s refuses %s', async (dtype, data) => {
  await expect(read(data, dtype, 1)).rejects.toMatchObject({ name: 'OnboxError' });
});

test('64-bit outputs keep all their digits', async () => {
  const bytes = new Uint8Array(BigInt64Array.of(9007199254740993n, -1n).buffer);
  const printed = await printNumbers({ name: 'x', dtype: 'i64', shape: [2], bytes });
  expect(printed.toString()).toBe('[9007199254740993,-1]');
});

test('a large tensor is lifted, read and printed in slices between which others run', async () => {
  const count = 1_000_000;
  const body = Buffer.from(`{"inputs":[{"data":[${'0.125,'.repeat(count - 1)}1]}]}`);
  const type = { dtype: 'f32', shape: [count], count } as const;
  let bytes = new Uint8Array();
  const turns = await turnsDuring(async () => {
    const { arrays } = await liftJson(body);
    bytes = new Uint8Array(await readNumbers(arrays[0] ?? new Uint8Array(), 'x', type));
  });
  expect(turns).toBeGreaterThan(10);
  expect(await turnsDuring(() => printNumbers({ name: 'x', dtype: 'f32', shape: [count], bytes }))).toBeGreaterThan(10);
});
