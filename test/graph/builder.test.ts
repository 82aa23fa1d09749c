// The builder infers types, makes up names, and refuses what cannot be.

import { tensorOf } from '../../runtime/core/tensor.js';
import { GraphBuilder } from '../../runtime/graph/builder.js';
import { operator, operators } from '../../runtime/graph/ops/index.js';
import { print } from '../../runtime/graph/print.js';
import { verify } from '../../runtime/graph/verify.js';

test('what is built holds together', () => {
  const builder = new GraphBuilder();
  const x = builder.addInput('x', { dtype: 'f32', shape: [1, 4] });
  const one = builder.addConstant('one', tensorOf('f32', [], [1]));
  const sum = builder.addOne('add', [x, one]);
  const halves = builder.add('split', [sum], { axis: 1, sizes: [1, 3] }, ['left']);
  builder.output('y', halves[1] as string);
  expect(print(verify(builder.build()))).toBe(
    [
      'input x: f32[1,4]',
      'constant one: f32[] = [1]',
      'add_0: f32[1,4] = add(x, one)',
      'left: f32[1,1], split_0: f32[1,3] = split(add_0) {axis: 1, sizes: [1, 3]}',
      'output y = split_0',
      '',
    ].join('\n'),
  );
});

test('a name that is taken, an input that is not there and an unknown operator are refused', () => {
  const builder = new GraphBuilder();
  builder.addInput('x', { dtype: 'f32', shape: [1] });
  expect(() => builder.addInput('x', { dtype: 'f32', shape: [1] })).toThrow(/two values are called "x"/);
  expect(() => builder.add('relu', ['y'])).toThrow(/no value is called "y" at this point/);
  expect(() => builder.add('nothing', ['x'])).toThrow(expect.objectContaining({ code: 'op-unknown' }));
  expect(() => builder.addInput('z', { dtype: 'f32', shape: [-1] })).toThrow(expect.objectContaining({ code: 'op-invalid' }));
});

test('made-up names step aside for names of the model', () => {
  const builder = new GraphBuilder();
  builder.addInput('relu_0', { dtype: 'f32', shape: [1] });
  expect(builder.addOne('relu', ['relu_0'])).toBe('relu_1');
});

test('every operator is found under its own kind', () => {
  for (const [kind, definition] of operators) expect(definition.kind).toBe(kind);
  expect(operators.size).toBeGreaterThan(95);
  expect(() => operator('__proto__')).toThrow(/no operator is called "__proto__"/);
});
