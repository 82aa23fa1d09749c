// What single operations make of special values, in generated C and in the interpreter: limits, wrapping, NaN, half precision.

import { type Dtype, dtypeBytes, elementCount, type Tensor } from '../../runtime/core/tensor.js';
import { tensorFrom } from '../../runtime/graph/numbers.js';
import { runProgram } from '../../runtime/loop/interpret.js';
import { parseProgram } from '../../runtime/loop/parse.js';
import type { Buffer, Program } from '../../runtime/loop/program.js';
import { verifyProgram } from '../../runtime/loop/verify.js';
import { distance } from '../schedule/programs.js';
import { runCompiled, runnableIsas } from './run.js';

const floats = [Number.NaN, 0, -0, 0.5, -0.5, 1, -1, 2.5, -2.5, 3.99, 127.6, -128.7, 200, 255.9, -300, 65535.5, 70000, -40000];
const huge = [
  2 ** 31,
  -(2 ** 31) - 1000,
  2 ** 32,
  2 ** 63,
  -(2 ** 64),
  1e30,
  Infinity,
  -Infinity,
  6e-8,
  65519,
  65520,
  1e-3,
  1 / 3,
];
const reals = [...floats, ...huge, 7];

/** 32 values of a dtype, extremes among them. */
function values(dtype: Dtype, seed: number): number[] {
  const turned = (numbers: readonly number[]) => numbers.map((_, i) => numbers[(i * seed) % numbers.length] as number);
  if (dtype === 'bool') return turned(reals).map((_, i) => (i * seed) % 2);
  if (dtype.startsWith('f')) return turned(reals);
  const bits = Math.min(dtypeBytes(dtype) * 8, 53);
  const [low, high] = dtype.startsWith('u') ? [0, 2 ** bits - 1] : [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1];
  const base = [0, 1, 2, 3, 5, 7, 100, low, high, low + 1, high - 1];
  const whole = Array.from({ length: 32 }, (_, i) => (base[i % base.length] as number) * (low < 0 && i % 2 === 1 ? -1 : 1));
  return turned(whole).map((value) => Math.min(Math.max(value, low), high));
}

function feed({ dtype, shape }: Buffer, seed: number): Tensor {
  return tensorFrom({ dtype, shape }, Float64Array.from(values(dtype, seed).slice(0, elementCount(shape))));
}

/** y[i] = expression over a[i] and b[i]; `mode` of the loop over 4 x 8 elements. */
function program(from: Dtype, to: Dtype, expression: string, mode: string, extent = 4): Program {
  return verifyProgram(
    parseProgram(
      `
input a ${from}[32]
input b ${from}[32]
output y ${to}[32]
for o in 0..${32 / extent}
  for i in 0..${extent}${mode}
    y[o * ${extent} + i] = ${expression.replaceAll(/\b([ab])\b(?!\[)/g, `$1[o * ${extent} + i]`)}
`.trim(),
    ),
  );
}

async function expectSame(programs: readonly { title: string; program: Program }[], isa: string, tolerance = 0) {
  const jobs = programs.map(({ program: one }) => {
    const given = one.buffers.filter(({ role }) => role === 'input');
    return { program: one, feeds: new Map(given.map((buffer, i) => [buffer.name, feed(buffer, 2 * i + 1)])) };
  });
  const results = await runCompiled(jobs, isa);
  const wrong = jobs.flatMap(({ program: one, feeds }, i) =>
    [...runProgram(one, feeds)].flatMap(([name, want]) => {
      const got = results[i]?.get(name) as Tensor;
      return distance(got, want) <= tolerance ? [] : [`${programs[i]?.title}: ${got.data.join()} is not ${want.data.join()}`];
    }),
  );
  expect(wrong).toEqual([]);
}

const [isa = 'sse2'] = runnableIsas();
const whole: readonly Dtype[] = ['i8', 'u8', 'i16', 'u16', 'i32', 'u32', 'i64', 'u64'];
const all: readonly Dtype[] = [...whole, 'f16', 'f32', 'f64', 'bool'];

test('casts stop at the limits of the target from floats, and wrap from integers', async () => {
  const pairs = all.flatMap((from) => all.filter((to) => to !== from).map((to) => ({ from, to })));
  const casts = pairs.map(({ from, to }) => ({ title: `${from} to ${to}`, program: program(from, to, `${to}(a)`, '') }));
  await expectSame(casts, isa);
});

test('integers wrap after every operation, not only where they are stored', async () => {
  const expressions = ['a + b', 'a - b', 'a * b', 'neg(a)', 'abs(a)', 'sign(a)', 'max(a, b)', 'min(a, b)', 'div(a, b)'];
  const deeper = ['(a + b) / 2', 'max(a * b, a - b)', 'mod(a, b)', 'fmod(a, b)', 'and(a, b)', 'xor(a, b)', 'abs(a - b) / 3'];
  const cases = whole.flatMap((dtype) =>
    [...expressions, ...deeper].map((text) => {
      const typed = text.replaceAll(/\b\d\b/g, `$&:${dtype}`);
      return { title: `${text} of ${dtype}`, program: program(dtype, dtype, typed, '') };
    }),
  );
  await expectSame(cases, isa);
});

test('a reduction starts below every number of its dtype', async () => {
  const cases = whole.flatMap((dtype) =>
    (['max', 'min', '+', '*'] as const).map((combine) => {
      const start = { max: '-Infinity', min: 'Infinity', '+': '0', '*': '1' }[combine];
      const text = `
input a ${dtype}[32]
output y ${dtype}[4]
for o in 0..4
  local s ${dtype}[]
  s[] = ${start}:${dtype}
  for k in 0..8 [reduce]
    s[] ${combine}= a[k * 4 + o]
  y[o] = s[]`;
      return { title: `${combine} of ${dtype}`, program: verifyProgram(parseProgram(text.trim())) };
    }),
  );
  await expectSame(cases, isa);
});

test('f16 is computed with numbers and rounded after every operation', async () => {
  const expressions = ['a + b', 'a * b', 'a / b', 'sqrt(a)', 'neg(a)', 'max(a, b)', 'round(a)', '(a + b) * (a - b)', 'abs(a)'];
  const more = ['select(less(a, b), a, b)', 'floor(a) + 0.1:f16', 'sign(a)', 'fmod(a, b)', 'f16(f32(a) * 3)'];
  const cases = [...expressions, ...more].map((text) => ({ title: text, program: program('f16', 'f16', text, '') }));
  const reduction = `
input a f16[32]
output y f16[4]
for o in 0..4
  local s f16[]
  s[] = 0:f16
  for k in 0..8 [reduce]
    s[] += a[k * 4 + o] * 0.1:f16
  y[o] = s[]
  y[o] max= 1:f16`;
  await expectSame([...cases, { title: 'a sum', program: verifyProgram(parseProgram(reduction.trim())) }], isa);
});

/** Scalars and, for every instruction set, vectors. */
describe.each(runnableIsas())('for %s', (target) => {
  const lanes = { avx512: 16, avx2: 8 }[target] ?? 4;
  const forms = (expression: string) => [
    { title: `scalar ${expression}`, program: program('f32', 'f32', expression, '') },
    { title: `vector ${expression}`, program: program('f32', 'f32', expression, ' [vector]', lanes) },
  ];

  const reduction = (combine: string) => {
    const text = `
input a f32[32]
output y f32[${lanes}]
local s f32[${lanes}]
for i in 0..${lanes} [vector]
  s[i] = ${combine === 'max' ? '-' : ''}Infinity
for k in 0..${32 / lanes} [reduce]
  for i in 0..${lanes} [vector]
    s[i] ${combine}= a[k * ${lanes} + i]
for i in 0..${lanes} [vector]
  y[i] = s[i]`;
    return { title: `${combine} over vectors`, program: verifyProgram(parseProgram(text.trim())) };
  };

  test('NaN passes through max, min, clip, relu, sign and reductions', async () => {
    const extremes = ['max(a, b)', 'min(a, b)', 'max(b, a)', 'max(a, 0)', 'min(a, 6)', 'max(0, a)', 'min(max(a, -1), 1)'];
    const others = ['sign(a)', 'abs(a)', 'floor(a)', 'sqrt(a)'];
    await expectSame([...[...extremes, ...others].flatMap(forms), ...['max', 'min'].map(reduction)], target);
  });

  test('a condition may be the same in all lanes or differ, alone or joined with another', async () => {
    const conditions = [
      'less(a, b)',
      'less(a[o], 1)',
      'and(less(a, b), less(a[o], 1))',
      'or(less-equal(a[o], 1), equal(a, b))',
    ];
    const selects = [...conditions, 'not(less(a, b))', 'not(less(a[o], 1))'].map((text) => `select(${text}, a, 2)`);
    await expectSame(selects.flatMap(forms), target);
  });

  test('an index from a local is computed after the local, inside a quotient too', async () => {
    const text = `
input x f32[4]
input at i32[32]
output y f32[32]
for o in 0..32
  local t i32[]
  t[] = at[o]
  y[o] = x[(clamp(t[], 0, 15)) / 4]`;
    await expectSame([{ title: 'measured', program: verifyProgram(parseProgram(text.trim())) }], target);
  });
});
