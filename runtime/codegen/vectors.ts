// Which loops become vectors. A loop that a schedule wants as a vector but that has no vector form on this machine (more iterations
// than lanes, integers, guards that differ between lanes) runs as a plain loop instead. Fewer iterations than lanes fill a part of one.

import type { Dtype } from '../core/tensor.js';
import { type Affine, dependsOn, strideOf } from '../loop/affine.js';
import { flatIndex } from '../loop/flat.js';
import type { Buffer, Condition, Expression, ScalarOp, Statement } from '../loop/program.js';
import type { Dialect } from './dialect.js';
import { mathFunctions } from './math.js';

/** Operations with a vector form, besides those of math.ts. */
const vectorOps: ReadonlySet<ScalarOp> = new Set([
  'add',
  'sub',
  'mul',
  'div',
  'max',
  'min',
  'neg',
  'abs',
  'floor',
  'round',
  'sqrt',
  'select',
  'equal',
  'less',
  'less-equal',
  'and',
  'or',
  'not',
]);

/**
 * The same block, with the vector loops that have no vector form as plain ones.
 * @param otherwise how those run; a device whose arrays lie in memory wants them written out
 */
export function settleVectors(
  block: readonly Statement[],
  dialect: Pick<Dialect, 'lanes' | 'vectorDtype'>,
  buffers: ReadonlyMap<string, Buffer>,
  otherwise: 'serial' | 'unroll' = 'serial',
): readonly Statement[] {
  const { lanes, vectorDtype } = dialect;
  return block.map((statement) => {
    if (statement.kind === 'if') return { ...statement, body: settleVectors(statement.body, dialect, buffers, otherwise) };
    if (statement.kind !== 'for') return statement;
    if (statement.mode !== 'vector') return { ...statement, body: settleVectors(statement.body, dialect, buffers, otherwise) };
    const fits =
      lanes > 1 &&
      statement.extent > 1 &&
      statement.extent <= lanes &&
      new VectorForm(statement.name, buffers, vectorDtype).has(statement.body);
    return fits ? statement : { ...statement, mode: otherwise };
  });
}

/** Whether statements have a form in which the iterations of `lane` are the lanes of vectors. */
class VectorForm {
  private readonly lane: string;
  private readonly buffers: ReadonlyMap<string, Buffer>;

  private readonly dtype: Dialect['vectorDtype'];

  constructor(lane: string, buffers: ReadonlyMap<string, Buffer>, dtype: Dialect['vectorDtype']) {
    this.dtype = dtype;
    this.lane = lane;
    this.buffers = buffers;
  }

  has(block: readonly Statement[]): boolean {
    return block.every((statement) => this.statement(statement));
  }

  private statement(statement: Statement): boolean {
    switch (statement.kind) {
      case 'local':
        return statement.buffer.dtype === this.dtype;
      case 'for':
        return statement.mode === 'unroll' && this.has(statement.body);
      case 'if':
        return this.isUniform(statement.conditions) && this.has(statement.body);
      case 'store':
        return (
          this.isReal(statement.value.dtype) &&
          this.strided(statement.buffer, statement.index) &&
          this.expression(statement.value)
        );
    }
  }

  private expression(expression: Expression): boolean {
    if (!this.isReal(expression.dtype) && expression.dtype !== 'bool') return false;
    switch (expression.kind) {
      case 'number':
        return this.isReal(expression.dtype);
      case 'load':
        return this.isReal(expression.dtype) && this.strided(expression.buffer, expression.index);
      case 'index':
        return !dependsOn(expression.index, this.lane);
      case 'call':
        return this.hasOp(expression) && expression.args.every((arg) => this.expression(arg));
      case 'guard':
        return (
          this.isUniform(expression.conditions) && this.expression(expression.value) && this.expression(expression.otherwise)
        );
    }
  }

  /** The place moves by the same step from lane to lane. */
  private strided(name: string, index: readonly Affine[]): boolean {
    const buffer = this.buffers.get(name);
    return buffer !== undefined && strideOf(flatIndex(index, buffer.shape), this.lane) !== undefined;
  }

  private isUniform(conditions: readonly Condition[]): boolean {
    return conditions.every(({ index }) => !dependsOn(index, this.lane));
  }

  /** Between floats halves are only converted: rounding every operation to f16 has no vector form. Vectors of halves hold nothing else. */
  private hasOp({ op, dtype, args }: Extract<Expression, { kind: 'call' }>): boolean {
    if (op === 'cast') return this.dtype === 'f32' && this.isReal(dtype) && args.every((arg) => this.isReal(arg.dtype));
    return (dtype === 'bool' || dtype === this.dtype) && (vectorOps.has(op) || mathFunctions.has(op));
  }

  private isReal(dtype: Dtype): boolean {
    return dtype === 'f16' || dtype === this.dtype;
  }
}
