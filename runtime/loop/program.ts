// The loop IR: a program is a set of buffers and a tree of loops over stores. What lower/ writes says what is computed; the steps
// of schedule/ rewrite the tree until it also says how.

import type { Dtype, Shape } from '../core/tensor.js';
import type { Affine } from './affine.js';

export type Role = 'input' | 'output' | 'constant' | 'packed' | 'local';

export interface Buffer {
  readonly name: string;
  readonly role: Role;
  readonly dtype: Dtype;
  /** Extents; storage is row-major and dense. */
  readonly shape: Shape;
}

/** A constant rearranged at compile time: element [loops…] is `value`, an expression over those loops and other constants. */
export interface Packing {
  readonly buffer: string;
  readonly loops: readonly { readonly name: string; readonly extent: number }[];
  readonly value: Expression;
}

/** low <= index < high. */
export interface Condition {
  readonly index: Affine;
  readonly low: number;
  readonly high: number;
}

/** Scalar operations. Comparisons yield bool; all others the dtype of their first argument, `select` of its second. */
export type ScalarOp = UnaryOp | BinaryOp | 'select' | 'cast';
export type UnaryOp = (typeof unaryOps)[number];
export type BinaryOp = (typeof binaryOps)[number];

export const unaryOps = [
  'abs',
  'acos',
  'acosh',
  'asin',
  'asinh',
  'atan',
  'atanh',
  'ceil',
  'cos',
  'cosh',
  'erf',
  'exp',
  'floor',
  'is-nan',
  'log',
  'neg',
  'not',
  'round',
  'sigmoid',
  'sign',
  'sin',
  'sinh',
  'sqrt',
  'tan',
  'tanh',
] as const;

export const binaryOps = [
  'add',
  'sub',
  'mul',
  'div',
  'max',
  'min',
  'pow',
  'mod',
  'fmod',
  'and',
  'or',
  'xor',
  'equal',
  'less',
  'less-equal',
] as const;

export type Expression =
  | { readonly kind: 'number'; readonly dtype: Dtype; readonly value: number }
  | { readonly kind: 'load'; readonly dtype: Dtype; readonly buffer: string; readonly index: readonly Affine[] }
  /** An index as a number. */
  | { readonly kind: 'index'; readonly dtype: Dtype; readonly index: Affine }
  | { readonly kind: 'call'; readonly dtype: Dtype; readonly op: ScalarOp; readonly args: readonly Expression[] }
  /** `value` where all conditions hold, else `otherwise`; the side that is not taken is not read. */
  | {
      readonly kind: 'guard';
      readonly dtype: Dtype;
      readonly conditions: readonly Condition[];
      readonly value: Expression;
      readonly otherwise: Expression;
    };

/** How a reduction folds a new term into what is stored. */
export type Combine = 'add' | 'mul' | 'max' | 'min';

export type LoopMode = 'serial' | 'parallel' | 'vector' | 'unroll' | 'item';

/** How the iterations of a loop are shared out among the work-items of a device. */
export interface Binding {
  /** Of the grid. */
  readonly dimension: 0 | 1 | 2;
  /** Work-items of a work-group along it. */
  readonly group: number;
}

export interface Loop {
  readonly kind: 'for';
  readonly name: string;
  readonly extent: number;
  /** Iterations of a space loop write different elements and may run in any order; those of a reduction fold into the same ones. */
  readonly axis: 'space' | 'reduce';
  readonly mode: LoopMode;
  /** Of a loop of the mode `item`. */
  readonly binding?: Binding;
  readonly body: readonly Statement[];
}

export interface Store {
  readonly kind: 'store';
  readonly buffer: string;
  readonly index: readonly Affine[];
  readonly value: Expression;
  /** Absent: the element is overwritten. */
  readonly combine?: Combine;
}

export interface Branch {
  readonly kind: 'if';
  readonly conditions: readonly Condition[];
  readonly body: readonly Statement[];
}

/** Declares a buffer for the rest of its block; its elements are undefined until stored. */
export interface LocalDeclaration {
  readonly kind: 'local';
  readonly buffer: Buffer;
}

export type Statement = Loop | Store | Branch | LocalDeclaration;

export interface Program {
  /** Buffers that outlive the program, in the order in which a kernel receives them. */
  readonly buffers: readonly Buffer[];
  readonly packings: readonly Packing[];
  readonly body: readonly Statement[];
}

/** The value that changes nothing when it is combined. */
export function identityOf(combine: Combine): number {
  switch (combine) {
    case 'add':
      return 0;
    case 'mul':
      return 1;
    case 'max':
      return Number.NEGATIVE_INFINITY;
    case 'min':
      return Number.POSITIVE_INFINITY;
  }
}
