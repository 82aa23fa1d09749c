// Pack: a constant is rearranged at compile time into the order in which the loops read it, with zeros where a guard says so, so that
// the kernel reads it from front to back.

import { variable } from '../loop/affine.js';
import { expressionKey, guard, load, number, variablesOf } from '../loop/expression.js';
import type { Buffer, Expression, Program } from '../loop/program.js';
import { findLoops, mapBlock, visitBlockExpressions } from '../loop/statement.js';
import { demand } from './illegal.js';

export function pack(program: Program, name: string, loops: readonly string[]): Program {
  const buffer = program.buffers.find((candidate) => candidate.name === name);
  demand(buffer?.role === 'constant', `${name} is no constant`);
  demand(new Set(loops).size === loops.length, `pack of ${name} names a loop twice`);
  const value = onlyUse(program, name);
  for (const used of variablesOf(value)) demand(loops.includes(used), `${name} depends on loop ${used}, which pack leaves out`);
  const axes = loops.map((loop) => {
    const [first, ...rest] = findLoops(program.body, loop);
    demand(first !== undefined, `there is no loop ${loop}`);
    demand(
      rest.every((other) => other.extent === first.extent),
      `loop ${loop} has several extents: pack before cut`,
    );
    return { name: loop, extent: first.extent };
  });
  visitBlockExpressions(program.body, (expression, around) => {
    if (expression.kind !== 'load' || expression.buffer !== name) return;
    const missing = loops.find((loop) => around.every((outer) => outer.name !== loop));
    demand(missing === undefined, `${name} is read outside of loop ${missing}`);
  });
  const packed: Buffer = { name: `${name}p`, role: 'packed', dtype: buffer.dtype, shape: axes.map(({ extent }) => extent) };
  const replacement = load(
    packed.name,
    buffer.dtype,
    axes.map(({ name: loop, extent }) => variable(loop, extent)),
  );
  const key = expressionKey(value);
  const matches = (expression: Expression) => expressionKey(expression) === key;
  const body = mapBlock(program.body, {
    guard: (expression) => (readsDirectly(expression, name) && matches(expression) ? replacement : undefined),
    load: (expression) =>
      value.kind === 'load' && expression.buffer === name && matches(expression) ? replacement : expression,
  });
  return {
    buffers: [...program.buffers, packed],
    packings: [...program.packings, { buffer: packed.name, loops: axes, value: inside(value, buffer) }],
    body,
  };
}

/** The one expression that reads the constant, with the guard around it. */
function onlyUse(program: Program, name: string): Expression {
  const uses = new Map<string, Expression>();
  const guarded = new Set<Expression>();
  visitBlockExpressions(program.body, (expression) => {
    if (readsDirectly(expression, name)) {
      uses.set(expressionKey(expression), expression);
      if (expression.kind === 'guard') guarded.add(expression.value);
    } else if (expression.kind === 'load' && expression.buffer === name && !guarded.has(expression)) {
      uses.set(expressionKey(expression), expression);
    }
  });
  const [first, ...rest] = uses.values();
  demand(first !== undefined, `${name} is not read`);
  demand(rest.length === 0, `${name} is read in ${uses.size} different ways`);
  return first;
}

function readsDirectly(expression: Expression, name: string): boolean {
  return (
    expression.kind === 'guard' &&
    expression.value.kind === 'load' &&
    expression.value.buffer === name &&
    expression.otherwise.kind === 'number'
  );
}

/** Guards a read where the loops run past the end; the kernel never uses what it yields there. */
function inside(value: Expression, buffer: Buffer): Expression {
  if (value.kind !== 'load') return value.kind === 'guard' ? { ...value, value: inside(value.value, buffer) } : value;
  const conditions = value.index.map((index, axis) => ({ index, low: 0, high: buffer.shape[axis] ?? 0 }));
  return guard(conditions, value, number(0, buffer.dtype));
}
