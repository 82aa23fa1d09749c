// How a program is cut into functions: what threads share out, and what they must not.

import { tensorOf } from '../../runtime/core/tensor.js';
import { parseProgram } from '../../runtime/loop/parse.js';
import { runCompiled, runnableIsas } from './run.js';

test('a parallel loop after a local that it reads runs all of its iterations', async () => {
  const text = `
input x f32[5]
output y f32[5]
local s f32[]
s[] = 0
for k in 0..5 [reduce]
  s[] += x[k]
for i in 0..5 [parallel]
  y[i] = x[i] / s[]`;
  const job = { program: parseProgram(text.trim()), feeds: new Map([['x', tensorOf('f32', [5], [1, 2, 3, 4, 6])]]) };
  const [isa = ''] = runnableIsas();
  const [outputs] = await runCompiled([job], isa);
  expect([...(outputs?.get('y')?.data ?? [])]).toEqual([0.0625, 0.125, 0.1875, 0.25, 0.375]);
});
