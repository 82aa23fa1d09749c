// Writes expressions as C. Inside a vector loop an expression is as wide as it needs to be: what does not depend on the lane stays a
// scalar and is spread only where a vector is wanted.

import { type Dtype, isFloat } from '../core/tensor.js';
import type { Affine } from '../loop/affine.js';
import type { Buffer, Combine, Condition, Expression, ScalarOp, Store } from '../loop/program.js';
import type { Address, Dialect } from './dialect.js';
import { dotText } from './dot.js';
import type { Place } from './kernel.js';
import { castText, scalarText } from './scalar.js';
import { affineText, conditionsText, numberText } from './text.js';

/** C text of a value; `wide` if it is a vector. */
export interface Text {
  readonly text: string;
  readonly wide: boolean;
  /** The vector with the value in every lane, where there is a shorter way to it than the value. */
  readonly spread?: string;
}

export interface WriterContext {
  readonly dialect: Dialect;
  readonly buffers: ReadonlyMap<string, Buffer>;
  /** The variable of the vector loop around. */
  lane(): string | undefined;
  /** Its iterations, at most the lanes of a vector. */
  laneCount(): number;
  place(buffer: string, index: readonly Affine[]): Place;
}

type Call = Extract<Expression, { kind: 'call' }>;

/** What C's vector extension has for operations. */
const infix: Readonly<Record<string, string>> = {
  add: '+',
  sub: '-',
  mul: '*',
  div: '/',
  equal: '==',
  less: '<',
  'less-equal': '<=',
  and: '&',
  or: '|',
};

export class ExpressionWriter {
  private readonly context: WriterContext;
  private readonly dialect: Dialect;

  constructor(context: WriterContext) {
    this.context = context;
    this.dialect = context.dialect;
  }

  index(at: Affine): string {
    return affineText(at, {
      divide: this.dialect.divide,
      measured: (value, min, max) => `ob_clamp(${this.write(value).text}, ${min}, ${max})`,
    });
  }

  conditions(conditions: readonly Condition[]): string {
    return conditionsText(conditions, (at) => this.index(at));
  }

  /** A vector with the value, of `dtype`, in every lane. */
  widen(value: Text, dtype: Dtype): Text {
    if (value.wide) return value;
    const suffix = isFloat(dtype) ? this.dialect.suffix : 'i';
    return { text: value.spread ?? `ob_splat_${suffix}(${value.text})`, wide: true };
  }

  /** A vector with a truth value in every lane: all bits or none. */
  private widenTruth(value: Text): Text {
    return value.wide ? value : { text: `ob_truth_${this.dialect.suffix}(${value.text})`, wide: true };
  }

  /** What a store of `dtype` writes: the value, or what it makes of what is there. */
  combine(how: Combine | undefined, dtype: Dtype, before: Text, value: Text): Text {
    if (how === undefined) return value;
    if (!before.wide && !value.wide)
      return { text: scalarText(how, dtype, [before.text, value.text], this.dialect), wide: false };
    return { text: this.vectorText(how, dtype, [this.widen(before, dtype).text, this.widen(value, dtype).text]), wide: true };
  }

  /** The statement of a store that sums a dot product of bytes; undefined for any other. */
  dot(store: Store): string | undefined {
    const { buffers, place } = this.context;
    const [lane, bytes] = [this.context.lane(), this.dialect.whole?.bytes];
    if (lane === undefined || bytes === undefined) return undefined;
    return dotText(store, { lane, buffers, bytes, place });
  }

  write(expression: Expression): Text {
    switch (expression.kind) {
      case 'number':
        return { text: numberText(expression.value, expression.dtype, this.dialect), wide: false };
      case 'index':
        return { text: castText(`(${this.index(expression.index)})`, 'i32', expression.dtype, this.dialect), wide: false };
      case 'load':
        return this.load(expression.buffer, expression.index);
      case 'call':
        return this.call(expression);
      case 'guard': {
        const value = this.write(expression.value);
        const otherwise = this.write(expression.otherwise);
        const wide = value.wide || otherwise.wide;
        const { dtype } = expression;
        const [yes, no] = wide ? [this.widen(value, dtype), this.widen(otherwise, dtype)] : [value, otherwise];
        return { text: `((${this.conditions(expression.conditions)}) ? ${yes.text} : ${no.text})`, wide };
      }
    }
  }

  private load(buffer: string, index: readonly Affine[]): Text {
    const { dialect } = this;
    const place = this.context.place(buffer, index);
    if (place.kind === 'variable') return { text: place.name, wide: place.vector };
    const lane = this.context.lane();
    const stride = lane === undefined ? 0 : strideIn(place.flat, lane);
    if (stride === 0) {
      const spread = dialect.spreadElement(place);
      return { text: dialect.loadElement(place), wide: false, ...(spread === undefined ? {} : { spread }) };
    }
    const count = this.context.laneCount();
    if (stride === 1) {
      return { text: count === dialect.lanes ? dialect.loadVector(place) : dialect.loadPart(place, count), wide: true };
    }
    const lanes = Array.from({ length: count }, (_, i) => dialect.loadElement(elementAt(place, i * stride)));
    return { text: dialect.gather(lanes), wide: true };
  }

  private call({ op, args, dtype }: Call): Text {
    const [first, second] = args;
    // NaN of the second argument stays for free, and a number is none: it goes first.
    const swapped = (op === 'max' || op === 'min') && second?.kind === 'number';
    const texts = (swapped ? [second, first as Expression] : args).map((arg) => this.write(arg));
    const from = (op === 'select' ? second : first)?.dtype ?? dtype;
    // Outside of memory an f16 is a float.
    if (op === 'cast' && from === 'f16' && dtype === 'f32') return texts[0] as Text;
    if (texts.some((text) => text.wide)) {
      const text = op === 'cast' ? this.vectorCast(texts[0] as Text, from, dtype) : this.vectorCall(op, from, texts);
      return { text, wide: true };
    }
    const plain = texts.map((text) => text.text);
    return {
      text: op === 'cast' ? castText(plain[0] ?? '', from, dtype, this.dialect) : scalarText(op, from, plain, this.dialect),
      wide: false,
    };
  }

  /** In registers whole numbers of all dtypes are i32. */
  private vectorCast({ text }: Text, from: Dtype, to: Dtype): string {
    if (to === 'f16') return `ob_half_v(${text})`;
    if (isFloat(from)) return `ob_to_${to}_v(${text})`;
    return isFloat(to) ? `ob_float_v(${text})` : text;
  }

  private vectorCall(op: Exclude<ScalarOp, 'cast'>, from: Dtype, args: readonly Text[]): string {
    const [condition] = args;
    if (op === 'select' && condition !== undefined) {
      const [yes, no] = args.slice(1).map((arg) => (from === 'bool' ? this.widenTruth(arg) : this.widen(arg, from)).text);
      return condition.wide
        ? `ob_pick_${this.dialect.suffix}(${condition.text}, ${yes}, ${no})`
        : `(${condition.text} ? ${yes} : ${no})`;
    }
    return this.vectorText(
      op,
      from,
      args.map((arg) => (from === 'bool' ? this.widenTruth(arg) : this.widen(arg, from)).text),
    );
  }

  private vectorText(op: Exclude<ScalarOp, 'cast'>, dtype: Dtype, [a, b]: readonly string[]): string {
    if (dtype === 'i32') return `ob_${op}_i(${a}, ${b})`;
    const sign = infix[op];
    if (sign !== undefined) return `(${a} ${sign} ${b})`;
    if (op === 'neg') return `(-${a})`;
    if (op === 'not') return `(~${a})`;
    const name = `ob_${op}_${this.dialect.suffix}`;
    return b === undefined ? `${name}(${a})` : `${name}(${a}, ${b})`;
  }
}

/** The address of a lane beside that of the first. */
export function elementAt(address: Address, distance: number): Address {
  return { ...address, offset: `${address.offset} + ${distance}`, isAligned: false };
}

/** How many elements lie between the places of two neighbouring lanes. */
export function strideIn(flat: Affine, lane: string): number {
  return flat.terms.find(({ atom }) => atom.kind === 'variable' && atom.name === lane)?.coefficient ?? 0;
}
