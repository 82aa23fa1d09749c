// How far the polynomials of generated code are from the truth, over dense ranges of floats, on one float and on vectors.

import { vectorLanes } from '../../runtime/codegen/c.js';
import { errorFunction, logistic } from '../../runtime/core/special.js';
import { tensorOf } from '../../runtime/core/tensor.js';
import { parseProgram } from '../../runtime/loop/parse.js';
import { runCompiled, runnableIsas } from './run.js';

const [isa = 'sse2'] = runnableIsas();
const lanes = vectorLanes(isa);
const count = 1 << 17;

const edges = [
  Number.NaN,
  Infinity,
  -Infinity,
  0,
  -0,
  1,
  -1,
  2 ** -149,
  -(2 ** -149),
  2 ** -130,
  2 ** -126,
  3.4028234663852886e38,
  -3.4028234663852886e38,
  88.72283,
  88.7229,
  89,
  -87.33654,
  -87.4,
  -103.9,
  -103.98,
  -104,
  1e-8,
  -1e-8,
  0.625,
  16,
  -16,
];

/** Floats between low and high at even distances, then the edges. */
function inputsOf(low: number, high: number): Float32Array {
  const values = Float32Array.from({ length: count }, (_, i) => low + ((high - low) * i) / (count - 1));
  values.set(edges, count - edges.length);
  return values;
}

function program(op: string, vector: boolean) {
  return parseProgram(
    `
input x f32[${count}]
output y f32[${count}]
for o in 0..${count / lanes}
  for i in 0..${lanes}${vector ? ' [vector]' : ''}
    y[o * ${lanes} + i] = ${op}(x[o * ${lanes} + i])`.trim(),
  );
}

/** The distance of two floats: how far apart they are in steps of the last place of the true one; denormals count as the least normal. */
function ulps(got: number, want: number): number {
  if (Object.is(got, want) || got === Math.fround(want)) return 0;
  if (!Number.isFinite(Math.fround(want))) return Number.POSITIVE_INFINITY;
  const exponent = Math.max(-126, Math.floor(Math.log2(Math.abs(want))));
  const distance = Math.abs(got - want) / 2 ** (exponent - 23);
  return Number.isNaN(distance) ? Number.POSITIVE_INFINITY : distance;
}

const absolute = (got: number, want: number): number => (Object.is(got, want) || got === want ? 0 : Math.abs(got - want));

/** A sigmoid never falls below 1 / (1 + exp(88)). */
const ulpsAboveEnd = (got: number, want: number): number =>
  want < 6.1e-39 && Math.abs(got - 6.05e-39) < 1e-40 ? 0 : ulps(got, want);

/** Bounds are what was measured, rounded up; mathText states them. */
const functions = [
  { op: 'exp', truth: Math.exp, low: -104, high: 89, bound: 2, unit: 'ulp', error: ulps },
  { op: 'log', truth: Math.log, low: 2 ** -126, high: 100, bound: 1, unit: 'ulp', error: ulps },
  { op: 'log', truth: Math.log, low: 0.5, high: 2, bound: 1, unit: 'ulp', error: ulps },
  { op: 'sigmoid', truth: logistic, low: -87, high: 30, bound: 3, unit: 'ulp', error: ulpsAboveEnd },
  { op: 'tanh', truth: Math.tanh, low: -10, high: 10, bound: 3, unit: 'ulp', error: ulps },
  { op: 'erf', truth: errorFunction, low: -5, high: 5, bound: 4.5e-7, unit: '', error: absolute },
] as const;

const forms = functions.flatMap((one) => [false, true].map((vector) => ({ ...one, vector })));

test('exp, log, sigmoid, tanh and erf stay within their bounds', async () => {
  const jobs = forms.map(({ op, low, high, vector }) => ({
    program: program(op, vector),
    feeds: new Map([['x', tensorOf('f32', [count], inputsOf(low, high))]]),
  }));
  const results = await runCompiled(jobs, isa);
  const far = forms.flatMap(({ op, low, high, vector, truth, error, bound, unit }, job) => {
    const got = results[job]?.get('y')?.data as Float32Array;
    let worst = { error: 0, at: 0, got: 0 };
    inputsOf(low, high).forEach((x, i) => {
      const distance = error(got[i] as number, truth(x));
      if (!(distance <= worst.error)) worst = { error: distance, at: x, got: got[i] as number };
    });
    const { error: most, at, got: value } = worst;
    return most <= bound ? [] : [`${vector ? 'vector' : 'scalar'} ${op}(${at}) is ${value}, off by ${most} ${unit}`];
  });
  expect(far).toEqual([]);
});
