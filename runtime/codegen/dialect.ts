// What differs between the languages that kernels are written in. The writer (kernel.ts, expression-writer.ts) asks a table of this
// form for every piece of text that is not the same in C and in OpenCL C; both preludes define the helpers named ob_….

import type { Dtype } from '../core/tensor.js';

/** An address in generated code. */
export interface Address {
  /** Name or text of a pointer. */
  readonly pointer: string;
  /** Elements from there on, a literal. */
  readonly offset: string;
  readonly dtype: Dtype;
  /** In memory that outlives the kernel, as opposed to an array of its own. */
  readonly isGlobal: boolean;
  /** It is known to be a multiple of a vector's bytes. */
  readonly isAligned: boolean;
}

export interface Dialect {
  /** Numbers in a vector. */
  readonly lanes: number;
  /** What vectors hold, the name of their type, and what the names of helpers on them end in. */
  readonly vectorDtype: 'f32' | 'f16';
  readonly vectorType: 'vf' | 'vh';
  readonly suffix: 'v' | 'h';
  /** Vectors of i32 with as many lanes, and the bytes that a dot product wants on its left side; absent where there are none. */
  readonly whole?: { readonly vectorType: 'vi'; readonly bytes: 'u8' | 'i8' };
  /** Registers, where neighbouring scalars are better read as one vector (lanes.ts); undefined where they are not. */
  readonly byLane: number | undefined;
  /** Whether the order of independent sums is the writer's to choose, so that few vectors wait in registers. */
  readonly readsOnceAlone: boolean;
  /** Of an element in memory. */
  readonly types: Readonly<Record<Dtype, string>>;
  /** Of unsigned integers of 32 and 64 bits, in which whole numbers wrap. */
  readonly unsigned: Readonly<Record<32 | 64, string>>;
  /** After the type and name of a local array. */
  readonly arraySuffix: string;
  readonly infinity: string;
  readonly nan: string;
  /** A 64-bit literal. */
  readonly whole64: (value: bigint, dtype: 'i64' | 'u64') => string;
  /** The least i32, which has no literal. */
  readonly least32: string;
  /** A function of the mathematical library. */
  readonly libm: (name: string, dtype: Dtype) => string;
  /** A helper of the prelude for one dtype, by its name there: `max`, `floormod`. */
  readonly helper: (name: string, dtype: Dtype, args: readonly string[]) => string;
  /** Quotient or remainder of an index that is not negative. */
  readonly divide: (of: string, operator: '/' | '%', by: number) => string;
  /** Of offsets that advance with the loops that they move with, where the compiler does not see to that itself. */
  readonly offsetType?: string;
  /** An index in an address, not negative as a whole. */
  readonly addressOffset: (index: string) => string;
  /** A pointer type to elements, in memory or to an array of the kernel's own. */
  readonly pointer: (dtype: Dtype, how: { readonly isGlobal: boolean; readonly isWritable: boolean }) => string;
  readonly loadElement: (address: Address) => string;
  /** An element in every lane of a vector; undefined where that is no more than spreading what `loadElement` yields. */
  readonly spreadElement: (address: Address) => string | undefined;
  /** A statement. An f32 is rounded where the element is f16. */
  readonly storeElement: (address: Address, value: string) => string;
  readonly loadVector: (address: Address) => string;
  readonly storeVector: (address: Address, value: string) => string;
  /** The first `count` lanes, a literal below `lanes`. */
  readonly loadPart: (address: Address, count: number) => string;
  readonly storePart: (address: Address, value: string, count: number) => string;
  /** A vector of its lanes; those left out are 0. */
  readonly gather: (lanes: readonly string[]) => string;
  /** One lane of a vector variable. */
  readonly lane: (vector: string, lane: number) => string;
  /** The local id of an iteration, where the dialect has work-items. */
  readonly itemId?: (dimension: number) => string;
}
