// The text form of loop programs: stable, read back by parse.ts, and what tests and error messages speak. f32 goes without saying.

import { type Dtype, printType } from '../core/tensor.js';
import { affineKey } from './affine.js';
import { conditionKey, numberText } from './expression.js';
import type { Condition, Expression, Packing, Program, Statement, Store } from './program.js';

/** Buffers first, one a line, then the statements, each level two spaces deeper. */
export function printProgram({ buffers, packings, body }: Program): string {
  const lines = buffers.map((buffer) => {
    const packing = packings.find((candidate) => candidate.buffer === buffer.name);
    return `${buffer.role} ${buffer.name} ${printType(buffer)}${packing === undefined ? '' : printPacking(packing)}`;
  });
  return [...lines, ...body.flatMap((statement) => linesOf(statement, ''))].join('\n');
}

function printPacking({ loops, value }: Packing): string {
  const names = loops.map((loop) => loop.name).join(', ');
  return `${names === '' ? '' : ` for ${names}`} = ${printExpression(value)}`;
}

/** A statement with all inside it. */
export function printStatement(statement: Statement): string {
  return linesOf(statement, '').join('\n');
}

function linesOf(statement: Statement, indent: string): readonly string[] {
  switch (statement.kind) {
    case 'local':
      return [`${indent}local ${statement.buffer.name} ${printType(statement.buffer)}`];
    case 'store':
      return [indent + printStore(statement)];
    case 'if':
      return [`${indent}if ${printConditions(statement.conditions)}`, ...inside(statement.body, indent)];
    case 'for': {
      const { name, extent, axis, binding } = statement;
      const mode = binding === undefined ? statement.mode : `item ${binding.dimension} of ${binding.group}`;
      const notes = [axis === 'reduce' ? axis : '', mode === 'serial' ? '' : mode].filter((note) => note !== '');
      const suffix = notes.length === 0 ? '' : ` [${notes.join(', ')}]`;
      return [`${indent}for ${name} in 0..${extent}${suffix}`, ...inside(statement.body, indent)];
    }
  }
}

function inside(body: readonly Statement[], indent: string): readonly string[] {
  return body.flatMap((statement) => linesOf(statement, `${indent}  `));
}

const assignments = { add: '+=', mul: '*=', max: 'max=', min: 'min=' } as const;

function printStore({ buffer, index, value, combine }: Store): string {
  const assignment = combine === undefined ? '=' : assignments[combine];
  return `${buffer}[${index.map(affineKey).join(', ')}] ${assignment} ${printExpression(value)}`;
}

function printConditions(conditions: readonly Condition[]): string {
  return conditions.map(conditionKey).join(' and ');
}

const infix: Readonly<Record<string, { readonly sign: string; readonly level: number }>> = {
  add: { sign: '+', level: 1 },
  sub: { sign: '-', level: 1 },
  mul: { sign: '*', level: 2 },
  div: { sign: '/', level: 2 },
};

function infixOf(expression: Expression): (typeof infix)[string] | undefined {
  return expression.kind === 'call' && expression.args.length === 2 ? infix[expression.op] : undefined;
}

/** With as few parentheses as its structure needs. */
export function printExpression(expression: Expression): string {
  switch (expression.kind) {
    case 'number':
      return numberText(expression.value) + suffixOf(expression.dtype);
    case 'load':
      return `${expression.buffer}[${expression.index.map(affineKey).join(', ')}]`;
    case 'index':
      return `index(${affineKey(expression.index)})${suffixOf(expression.dtype)}`;
    case 'guard': {
      const { conditions, value, otherwise } = expression;
      return `{${printConditions(conditions)} ? ${printExpression(value)} : ${printExpression(otherwise)}}`;
    }
    case 'call': {
      const [first, second] = expression.args;
      const operator = infixOf(expression);
      if (operator !== undefined && first !== undefined && second !== undefined) {
        return `${operand(first, operator.level)} ${operator.sign} ${operand(second, operator.level + 1)}`;
      }
      const name = expression.op === 'cast' ? expression.dtype : expression.op;
      return `${name}(${expression.args.map(printExpression).join(', ')})`;
    }
  }
}

function operand(expression: Expression, levelMin: number): string {
  const level = infixOf(expression)?.level;
  const text = printExpression(expression);
  return level !== undefined && level < levelMin ? `(${text})` : text;
}

function suffixOf(dtype: Dtype): string {
  return dtype === 'f32' ? '' : `:${dtype}`;
}
