// Expressions of the loop IR: constructors that simplify, substitution, traversal.

import type { Dtype } from '../core/tensor.js';
import { type Affine, affineKey, type Measured, ofAtom, rangeOf, substitute, visitAtoms } from './affine.js';
import type { Condition, Expression, ScalarOp } from './program.js';

export function number(value: number, dtype: Dtype = 'f32'): Expression {
  return { kind: 'number', dtype, value };
}

const booleanOps: ReadonlySet<ScalarOp> = new Set(['equal', 'less', 'less-equal', 'is-nan']);

/** Applies `op`; the dtype follows from the arguments. */
export function call(op: Exclude<ScalarOp, 'cast'>, ...args: readonly Expression[]): Expression {
  const typed = op === 'select' ? args[1] : args[0];
  return { kind: 'call', dtype: booleanOps.has(op) ? 'bool' : (typed?.dtype ?? 'f32'), op, args };
}

export function cast(value: Expression, dtype: Dtype): Expression {
  return value.dtype === dtype ? value : { kind: 'call', dtype, op: 'cast', args: [value] };
}

export function load(buffer: string, dtype: Dtype, index: readonly Affine[]): Expression {
  return { kind: 'load', dtype, buffer, index };
}

/** An integer expression as an index, clamped to min..max (both inclusive) so that no input can reach outside a buffer. */
export function measured(value: Expression, min: number, max: number): Affine {
  return ofAtom(withKey(value, min, max));
}

function withKey(value: Expression, min: number, max: number): Measured {
  return { kind: 'measured', value, min, max, key: `clamp(${expressionKey(value)}, ${min}, ${max})` };
}

/** Conditions that may fail; undefined where one of them never holds. */
export function simplifyConditions(conditions: readonly Condition[]): readonly Condition[] | undefined {
  const open: Condition[] = [];
  for (const condition of conditions) {
    const [min, max] = rangeOf(condition.index);
    if (max < condition.low || min >= condition.high) return undefined;
    if (min >= condition.low && max < condition.high) continue;
    if (!open.some((known) => conditionKey(known) === conditionKey(condition))) open.push(condition);
  }
  return open;
}

/** `value` where the conditions hold, else `otherwise`; without a guard where that is known already. */
export function guard(conditions: readonly Condition[], value: Expression, otherwise: Expression): Expression {
  const open = simplifyConditions(conditions);
  if (open === undefined) return otherwise;
  // Inside of these conditions a guard on the same ones, or fewer, always holds.
  if (value.kind === 'guard') {
    const held = new Set(open.map(conditionKey));
    if (value.conditions.every((inner) => held.has(conditionKey(inner)))) return guard(open, value.value, otherwise);
  }
  return open.length === 0 ? value : { kind: 'guard', dtype: value.dtype, conditions: open, value, otherwise };
}

export function conditionKey({ index, low, high }: Condition): string {
  return `${low} <= ${affineKey(index)} < ${high}`;
}

/** As String, but -0 keeps its sign. */
export function numberText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}

/** The text of an expression; equal for equal expressions. */
export function expressionKey(expression: Expression): string {
  switch (expression.kind) {
    case 'number':
      return `${numberText(expression.value)}:${expression.dtype}`;
    case 'load':
      return `${expression.buffer}[${expression.index.map(affineKey).join(', ')}]`;
    case 'index':
      return `index(${affineKey(expression.index)}):${expression.dtype}`;
    case 'call': {
      const name = expression.op === 'cast' ? expression.dtype : expression.op;
      return `${name}(${expression.args.map(expressionKey).join(', ')})`;
    }
    case 'guard': {
      const conditions = expression.conditions.map(conditionKey).join(' and ');
      return `{${conditions} ? ${expressionKey(expression.value)} : ${expressionKey(expression.otherwise)}}`;
    }
  }
}

/** What a rewrite does to loads, indices and conditions. Whatever stays the same should be returned as the same object. */
export interface ExpressionRewrite {
  load?(expression: Extract<Expression, { kind: 'load' }>): Expression;
  guard?(expression: Extract<Expression, { kind: 'guard' }>): Expression | undefined;
  index?(index: Affine): Affine;
}

/** Rewrites an expression from the leaves up; guards that became certain vanish. */
export function mapExpression(expression: Expression, rewrite: ExpressionRewrite): Expression {
  const mapIndex = indexRewrite(rewrite);
  switch (expression.kind) {
    case 'number':
      return expression;
    case 'load': {
      const index = mapSame(expression.index, mapIndex);
      const moved = index === expression.index ? expression : { ...expression, index };
      return rewrite.load?.(moved) ?? moved;
    }
    case 'index': {
      const index = mapIndex(expression.index);
      return index === expression.index ? expression : { ...expression, index };
    }
    case 'call': {
      const args = mapSame(expression.args, (arg) => mapExpression(arg, rewrite));
      return args === expression.args ? expression : { ...expression, args };
    }
    case 'guard': {
      const replaced = rewrite.guard?.(expression);
      if (replaced !== undefined) return replaced;
      const conditions = mapSame(expression.conditions, (condition) => mapCondition(condition, mapIndex));
      const value = mapExpression(expression.value, rewrite);
      const otherwise = mapExpression(expression.otherwise, rewrite);
      const same = conditions === expression.conditions && value === expression.value && otherwise === expression.otherwise;
      return same ? expression : guard(conditions, value, otherwise);
    }
  }
}

/** What a rewrite does to an index: its loads may stand there too, in numbers that are measured. */
export function indexRewrite({ load, guard: guarded, index: own }: ExpressionRewrite): (index: Affine) => Affine {
  const mapOwn = own ?? ((index: Affine) => index);
  if (load === undefined && guarded === undefined) return mapOwn;
  const inside: ExpressionRewrite = { ...(load && { load }), ...(guarded && { guard: guarded }) };
  return (index) => mapOwn(substitute(index, { variable: () => undefined, measured: (atom) => mapMeasured(atom, inside) }));
}

function mapMeasured(atom: Measured, rewrite: ExpressionRewrite): Measured {
  const value = mapExpression(atom.value, rewrite);
  return value === atom.value ? atom : withKey(value, atom.min, atom.max);
}

export function mapCondition(condition: Condition, mapIndex: (index: Affine) => Affine): Condition {
  const index = mapIndex(condition.index);
  return index === condition.index ? condition : { ...condition, index };
}

/** As Array.map, but the very same array where no element changed. */
export function mapSame<T>(items: readonly T[], map: (item: T) => T): readonly T[] {
  let changed = false;
  const mapped = items.map((item) => {
    const fresh = map(item);
    if (fresh !== item) changed = true;
    return fresh;
  });
  return changed ? mapped : items;
}

/** A function that replaces loop variables in indices, those inside measured numbers too. */
export function substitution(replace: ReadonlyMap<string, Affine>): (index: Affine) => Affine {
  const mapIndex = (index: Affine): Affine =>
    substitute(index, {
      variable: (name) => replace.get(name),
      measured: (atom) => mapMeasured(atom, { index: mapIndex }),
    });
  return mapIndex;
}

/** Calls `visit` for an expression and all inside it, those in measured indices too. */
export function visitExpressions(expression: Expression, visit: (inner: Expression) => void): void {
  visit(expression);
  for (const index of indicesOf(expression)) visitMeasured(index, visit);
  if (expression.kind === 'call') for (const arg of expression.args) visitExpressions(arg, visit);
  if (expression.kind === 'guard') {
    visitExpressions(expression.value, visit);
    visitExpressions(expression.otherwise, visit);
  }
}

/** Visits what stands in the measured numbers of an index. */
export function visitMeasured(index: Affine, visit: (inner: Expression) => void): void {
  visitAtoms(index, (atom) => {
    if (atom.kind === 'measured') visitExpressions(atom.value, visit);
  });
}

/** The indices that stand directly in an expression, not those of its arguments. */
export function indicesOf(expression: Expression): readonly Affine[] {
  switch (expression.kind) {
    case 'load':
      return expression.index;
    case 'index':
      return [expression.index];
    case 'guard':
      return expression.conditions.map((condition) => condition.index);
    case 'number':
    case 'call':
      return [];
  }
}

/** Names of the loop variables that an expression depends on. */
export function variablesOf(expression: Expression): Set<string> {
  const names = new Set<string>();
  visitExpressions(expression, (inner) => {
    for (const index of indicesOf(inner)) addVariables(index, names);
  });
  return names;
}

/** Adds the names of the loop variables of an index, without those inside measured numbers. */
export function addVariables(index: Affine, names: Set<string>): void {
  visitAtoms(index, (atom) => {
    if (atom.kind === 'variable') names.add(atom.name);
  });
}
