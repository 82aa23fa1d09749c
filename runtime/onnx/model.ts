// An ONNX model as plain data: what read.ts decodes and import.ts translates. Nothing here depends on a protobuf library.

import type { Dtype, Tensor } from '../core/tensor.js';

/** Element types by their number in TensorProto.DataType. */
export const dtypeByCode: Readonly<Record<number, Dtype>> = {
  1: 'f32',
  2: 'u8',
  3: 'i8',
  4: 'u16',
  5: 'i16',
  6: 'i32',
  7: 'i64',
  9: 'bool',
  10: 'f16',
  11: 'f64',
  12: 'u32',
  13: 'u64',
};

const otherTypeNames: Readonly<Record<number, string>> = {
  0: 'undefined',
  8: 'string',
  14: 'complex64',
  15: 'complex128',
  16: 'bf16',
  17: 'f8e4m3fn',
  18: 'f8e4m3fnuz',
  19: 'f8e5m2',
  20: 'f8e5m2fnuz',
  21: 'u4',
  22: 'i4',
  23: 'f4e2m1',
};

/** Whole numbers of 4 bits, two in a byte in the file: they are held in 8 bits. */
export const nibbleByCode: Readonly<Record<number, 'u8' | 'i8'>> = { 21: 'u8', 22: 'i8' };

/** The element type with this number in TensorProto.DataType, for a message. */
export function typeName(code: number): string {
  return dtypeByCode[code] ?? otherTypeNames[code] ?? `number ${code}`;
}

/** Integers beyond 2^53 are rounded: ONNX uses them only for "as far as it goes". */
export type OnnxAttribute = number | string | Tensor | readonly number[] | readonly string[] | OnnxUnread;

/** An attribute that onbox does not read: a subgraph, a type, a sparse tensor. */
export interface OnnxUnread {
  readonly unread: string;
}

export interface OnnxNode {
  /** May be empty, and need not be unique. */
  readonly name: string;
  readonly op: string;
  /** '' is ONNX's own domain; `ai.onnx` is read as ''. */
  readonly domain: string;
  /** The empty string is an optional input that was left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, OnnxAttribute>;
}

/** A graph input or output. */
export interface OnnxValue {
  readonly name: string;
  /** Undefined for what is no tensor, or has an element type that onbox lacks; `typeText` names it. */
  readonly dtype: Dtype | undefined;
  readonly typeText: string;
  /** A number, the name of a symbolic dimension, or undefined for an unnamed one. Undefined altogether: not even the rank is known. */
  readonly dims: readonly (number | string | undefined)[] | undefined;
}

export interface OnnxModel {
  readonly irVersion: number;
  readonly producer: string;
  /** Opset version by domain. */
  readonly opsets: ReadonlyMap<string, number>;
  readonly metadata: ReadonlyMap<string, string>;
  readonly graphName: string;
  /** Without those that only give an initializer's type (IR version 3 and older). */
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  readonly nodes: readonly OnnxNode[];
  readonly initializers: ReadonlyMap<string, Tensor>;
  /** Inputs and initializers that the model has in 4 bits. */
  readonly nibbles: ReadonlySet<string>;
}

const quotedCharactersMax = 200;

/** Text of a model for a message: quoted, of bounded length, and without characters that act on a terminal or a log. */
export function quote(text: string): string {
  const short = text.length > quotedCharactersMax ? `${text.slice(0, quotedCharactersMax)}…` : text;
  return JSON.stringify(short).replace(
    /[\x7f-\x9f\u2028\u2029]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
