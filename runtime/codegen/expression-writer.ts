// Writes expressions as C. Inside a vector loop an expression is as wide as it needs to be: what does not depend on the lane stays a
// scalar and is spread only where a vector is wanted.

import { assert } from '../core/assert.js';
import type { Dtype } from '../core/tensor.js';
import type { Affine } from '../loop/affine.js';
import type { Combine, Condition, Expression } from '../loop/program.js';
import type { Place } from './kernel.js';
import { mathFunctions } from './math.js';
import { affineText, conditionsText, cTypes, numberText } from './text.js';

/** C text of a value; `wide` if it is a vector. */
export interface Text {
  readonly text: string;
  readonly wide: boolean;
}

export interface WriterContext {
  readonly lanes: number;
  /** The variable of the vector loop around. */
  lane(): string | undefined;
  /** Its iterations, at most `lanes`. */
  laneCount(): number;
  place(buffer: string, index: readonly Affine[]): Place;
  dtypeOf(buffer: string): Dtype;
}

type Call = Extract<Expression, { kind: 'call' }>;

const infix: Readonly<Record<string, string>> = { add: '+', sub: '-', mul: '*', equal: '==', less: '<', 'less-equal': '<=' };

export class ExpressionWriter {
  private readonly context: WriterContext;

  constructor(context: WriterContext) {
    this.context = context;
  }

  index(at: Affine): string {
    return affineText(at, (value, min, max) => `ob_clamp(${this.write(value).text}, ${min}, ${max})`);
  }

  conditions(conditions: readonly Condition[]): string {
    return conditionsText(conditions, (at) => this.index(at));
  }

  /** A vector with the value in every lane. */
  widen(value: Text): Text {
    return value.wide ? value : { text: `ob_splat_v(${value.text})`, wide: true };
  }

  /** What a store writes: the value, or what it makes of what is there. */
  combine(how: Combine | undefined, before: Text, value: Text): Text {
    switch (how) {
      case undefined:
        return value;
      case 'add':
        return { text: `${before.text} + ${value.text}`, wide: before.wide };
      case 'mul':
        return { text: `${before.text} * ${value.text}`, wide: before.wide };
      case 'max':
      case 'min':
        return this.extreme(how, before, value);
    }
  }

  write(expression: Expression): Text {
    switch (expression.kind) {
      case 'number':
        return { text: numberText(expression.value, expression.dtype), wide: false };
      case 'index':
        return { text: `(${cTypes[expression.dtype]})(${this.index(expression.index)})`, wide: false };
      case 'load':
        return this.load(expression.buffer, expression.index);
      case 'call':
        return this.call(expression);
      case 'guard': {
        const value = this.write(expression.value);
        const otherwise = this.write(expression.otherwise);
        const wide = value.wide || otherwise.wide;
        const [yes, no] = wide ? [this.widen(value), this.widen(otherwise)] : [value, otherwise];
        return { text: `((${this.conditions(expression.conditions)}) ? ${yes.text} : ${no.text})`, wide };
      }
    }
  }

  private load(buffer: string, index: readonly Affine[]): Text {
    const place = this.context.place(buffer, index);
    if (place.kind === 'variable') return { text: place.name, wide: place.vector };
    const lane = this.context.lane();
    const stride = place.flat.terms.find(({ atom }) => atom.kind === 'variable' && atom.name === lane)?.coefficient ?? 0;
    if (lane === undefined || stride === 0) return { text: `${place.pointer}[${place.offset}]`, wide: false };
    const count = this.context.laneCount();
    if (stride === 1) {
      const address = `${place.pointer} + ${place.offset}`;
      return {
        text: count === this.context.lanes ? `(vf)*(const vfu *)(${address})` : `ob_load_part(${address}, ${count})`,
        wide: true,
      };
    }
    const lanes = Array.from({ length: count }, (_, i) => `${place.pointer}[${place.offset} + ${i * stride}]`);
    return { text: `(vf){${lanes.join(', ')}}`, wide: true };
  }

  private call(expression: Call): Text {
    const args = expression.args.map((arg) => this.write(arg));
    const wide = args.some((arg) => arg.wide);
    return wide
      ? { text: this.vectorCall(expression, args), wide }
      : {
          text: this.scalarCall(
            expression,
            args.map((arg) => arg.text),
          ),
          wide,
        };
  }

  private extreme(op: 'max' | 'min', a: Text, b: Text): Text {
    const wide = a.wide || b.wide;
    if (wide) return { text: `ob_${op}_v(${this.widen(a).text}, ${this.widen(b).text})`, wide };
    return { text: `OB_${op.toUpperCase()}(${a.text}, ${b.text})`, wide };
  }

  private vectorCall({ op }: Call, args: readonly Text[]): string {
    const [a, b, c] = args.map((arg) => this.widen(arg).text);
    const sign = infix[op] ?? (op === 'div' ? '/' : undefined);
    if (sign !== undefined) return `(${a} ${sign} ${b})`;
    switch (op) {
      case 'max':
      case 'min':
        return `ob_${op}_v(${a}, ${b})`;
      case 'neg':
        return `(-${a})`;
      case 'select':
        return `ob_pick_v(${args[0]?.text}, ${b}, ${c})`;
      case 'and':
        return `(${args[0]?.text} & ${args[1]?.text})`;
      case 'or':
        return `(${args[0]?.text} | ${args[1]?.text})`;
      case 'not':
        return `(~${args[0]?.text})`;
      default:
        return `ob_${op}_v(${a})`;
    }
  }

  private scalarCall(expression: Call, args: readonly string[]): string {
    const [a, b, c] = args;
    const { op, dtype } = expression;
    const sign = infix[op];
    if (sign !== undefined) return `(${a} ${sign} ${b})`;
    const operand = expression.args[0]?.dtype ?? dtype;
    const real = operand === 'f32' || operand === 'f64';
    switch (op) {
      case 'cast':
        return `(${castText(a ?? '', operand, dtype)})`;
      case 'max':
      case 'min':
        return `OB_${op.toUpperCase()}(${a}, ${b})`;
      case 'neg':
        return `(-${a})`;
      case 'not':
        return `(!${a})`;
      case 'and':
      case 'or':
      case 'xor':
        return `(${a} ${op === 'and' ? '&' : op === 'or' ? '|' : '^'} ${b})`;
      case 'select':
        return `(${a} ? ${b} : ${c})`;
      case 'div':
        return real ? `(${a} / ${b})` : `OB_DIV(${a}, ${b})`;
      case 'is-nan':
        return `(${a} != ${a})`;
      case 'sign':
        return `OB_SIGN(${a})`;
      case 'abs':
        return real ? `${libm('fabs', operand)}(${a})` : `OB_ABS(${a})`;
      case 'mod':
      case 'fmod':
        return real
          ? `${libm(op === 'mod' ? 'ob_floormod_' : 'fmod', operand)}(${a}, ${b})`
          : `OB_${op.toUpperCase()}(${a}, ${b})`;
      case 'pow':
        return real ? `${libm('pow', operand)}(${a}, ${b})` : `(${cTypes[dtype]})pow((double)(${a}), (double)(${b}))`;
      case 'round':
        return `${libm('rint', operand)}(${a})`;
      case 'sigmoid':
        return operand === 'f32' ? `ob_sigmoid_s(${a})` : `(1.0 / (1.0 + exp(-${a})))`;
      default:
        if (operand === 'f32' && mathFunctions.has(op)) return `ob_${op}_s(${a})`;
        assert(real, `${op} of ${operand} has no C form`);
        return `${libm(op, operand)}(${a})`;
    }
  }
}

/** A function of libm: its float form for f32. */
function libm(name: string, dtype: Dtype): string {
  return dtype === 'f32' ? `${name}f` : name;
}

/** Out-of-range floats saturate, NaN becomes 0: C leaves both undefined. */
function castText(value: string, from: Dtype, to: Dtype): string {
  if (to === 'bool') return `(${value} != 0)`;
  const fromReal = from === 'f32' || from === 'f64';
  if (!fromReal || to === 'f32' || to === 'f64') return `(${cTypes[to]})${value}`;
  return `(${cTypes[to]})ob_to_whole((double)${value})`;
}
