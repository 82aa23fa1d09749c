// Which loops become vectors. A loop that a schedule wants as a vector but that has no vector form on this machine (more iterations
// than lanes, integers, guards that differ between lanes) runs as a plain loop instead. Fewer iterations than lanes fill a part of one.

import type { Dtype } from '../core/tensor.js';
import { type Affine, dependsOn, strideOf } from '../loop/affine.js';
import { flatIndex } from '../loop/flat.js';
import type { Buffer, Condition, Expression, Loop, ScalarOp, Statement, Store } from '../loop/program.js';
import type { Dialect } from './dialect.js';
import { dotOf } from './dot.js';
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

const wholeOps: ReadonlySet<ScalarOp> = new Set(['add', 'sub', 'mul']);

/**
 * The same block, with the vector loops that have no vector form as plain ones.
 * @param otherwise how those run; a device whose arrays lie in memory wants them written out
 */
export function settleVectors(
  block: readonly Statement[],
  dialect: Pick<Dialect, 'lanes' | 'vectorDtype' | 'whole'>,
  buffers: ReadonlyMap<string, Buffer>,
  otherwise: 'serial' | 'unroll' = 'serial',
): readonly Statement[] {
  const { lanes } = dialect;
  return block.map((statement) => {
    if (statement.kind === 'if') return { ...statement, body: settleVectors(statement.body, dialect, buffers, otherwise) };
    if (statement.kind !== 'for') return statement;
    if (statement.mode !== 'vector') return { ...statement, body: settleVectors(statement.body, dialect, buffers, otherwise) };
    const fits =
      lanes > 1 &&
      statement.extent > 1 &&
      statement.extent <= lanes &&
      new VectorForm(statement, buffers, dialect).has(statement.body);
    return fits ? statement : { ...statement, mode: otherwise };
  });
}

/** Whether statements have a form in which the iterations of `lane` are the lanes of vectors. */
class VectorForm {
  private readonly lane: string;
  private readonly buffers: ReadonlyMap<string, Buffer>;
  private readonly dtype: Dialect['vectorDtype'];
  /** Whether the lanes may be whole numbers, which have no parts of vectors, and how a dot product wants its bytes. */
  private readonly whole: Dialect['whole'];

  constructor(
    { name, extent }: Loop,
    buffers: ReadonlyMap<string, Buffer>,
    { lanes, vectorDtype, whole }: Pick<Dialect, 'lanes' | 'vectorDtype' | 'whole'>,
  ) {
    this.dtype = vectorDtype;
    this.lane = name;
    this.buffers = buffers;
    this.whole = extent === lanes ? whole : undefined;
  }

  has(block: readonly Statement[]): boolean {
    return block.every((statement) => this.statement(statement));
  }

  private statement(statement: Statement): boolean {
    switch (statement.kind) {
      case 'local':
        return statement.buffer.dtype === this.dtype || (statement.buffer.dtype === 'i32' && this.whole !== undefined);
      case 'for':
        return statement.mode === 'unroll' && this.has(statement.body);
      case 'if':
        return this.isUniform(statement.conditions) && this.has(statement.body);
      case 'store':
        return (
          this.isNumber(statement.value.dtype) &&
          this.strided(statement.buffer, statement.index, statement.value.dtype) &&
          (this.isDot(statement) || this.expression(statement.value))
        );
    }
  }

  private expression(expression: Expression): boolean {
    if (!this.isNumber(expression.dtype) && expression.dtype !== 'bool') return false;
    switch (expression.kind) {
      case 'number':
        return this.isNumber(expression.dtype);
      case 'load':
        return this.isNumber(expression.dtype) && this.strided(expression.buffer, expression.index, expression.dtype);
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

  /** The place moves by the same step from lane to lane; that of whole numbers to the next, or not at all. */
  private strided(name: string, index: readonly Affine[], dtype: Dtype): boolean {
    const buffer = this.buffers.get(name);
    const stride = buffer === undefined ? undefined : strideOf(flatIndex(index, buffer.shape), this.lane);
    return this.isReal(dtype) ? stride !== undefined : stride === 0 || stride === 1;
  }

  private isDot(store: Store): boolean {
    const { whole, buffers, lane } = this;
    return whole !== undefined && dotOf(store, { lane, buffers, bytes: whole.bytes }) !== undefined;
  }

  private isUniform(conditions: readonly Condition[]): boolean {
    return conditions.every(({ index }) => !dependsOn(index, this.lane));
  }

  /** Between floats halves are only converted: rounding every operation to f16 has no vector form. Vectors of halves hold nothing else. */
  private hasOp({ op, dtype, args }: Extract<Expression, { kind: 'call' }>): boolean {
    if (op === 'cast') return this.dtype === 'f32' && args.every((arg) => this.canCast(arg.dtype, dtype));
    if (dtype === 'i32') return this.whole !== undefined && wholeOps.has(op);
    if (args.some((arg) => arg.dtype !== 'bool' && !this.isReal(arg.dtype))) return false;
    return (dtype === 'bool' || dtype === this.dtype) && (vectorOps.has(op) || mathFunctions.has(op));
  }

  private canCast(from: Dtype, to: Dtype): boolean {
    if (this.isReal(from) && this.isReal(to)) return true;
    if (this.whole === undefined || from === 'f16' || to === 'f16') return false;
    return this.isReal(from) ? isByte(to) : (isByte(from) || from === 'i32') && (to === 'f32' || to === 'i32');
  }

  private isNumber(dtype: Dtype): boolean {
    return this.isReal(dtype) || (this.whole !== undefined && (dtype === 'i32' || isByte(dtype)));
  }

  private isReal(dtype: Dtype): boolean {
    return dtype === 'f16' || dtype === this.dtype;
  }
}

function isByte(dtype: Dtype): boolean {
  return dtype === 'u8' || dtype === 'i8';
}
