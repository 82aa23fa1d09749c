// Takes the JSON of an inference apart before it is parsed: the arrays of numbers under inputs[].data are lifted out as bytes and
// read in slices later, what remains is small. Without recursion, so that depth costs no stack.

import { OnboxError } from '../../runtime/index.js';
import { createPause } from './pause.js';

/** What stands in the place of a lifted array. */
export interface Placeholder {
  /** Index into `arrays`. */
  readonly lifted: number;
}

export interface LiftedJson {
  /** Parsed, with a Placeholder for each lifted array. */
  readonly head: unknown;
  /** The text inside the outermost brackets: numbers, commas, brackets that nest rightly, and no strings or objects. */
  readonly arrays: readonly Uint8Array[];
}

/** Triton's limit. */
const depthMax = 100;
/** What a request has besides its data. */
const headBytesDefault = 1024 * 1024;
/** Bytes that are looked at before others may run. */
const sliceBytes = 256 * 1024;

/** Keys that no protocol has and that careless code would take for more than keys. */
const refusedKeys: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * @param headBytesMax of what is not lifted
 * @throws OnboxError `json-invalid`
 */
export async function liftJson(bytes: Uint8Array, headBytesMax = headBytesDefault): Promise<LiftedJson> {
  const lifter = new Lifter(bytes);
  const pause = createPause();
  for (let index = 0; index < bytes.byteLength; ) {
    index = lifter.scan(index, Math.min(index + sliceBytes, bytes.byteLength));
    await pause();
  }
  const text = lifter.headText(headBytesMax);
  try {
    return { head: JSON.parse(text), arrays: lifter.arrays };
  } catch (cause) {
    throw new OnboxError('the request is not valid JSON', { code: 'json-invalid', cause });
  }
}

interface Frame {
  readonly isObject: boolean;
  readonly keys: Set<string>;
  /** The key whose value is next, or is being read. */
  key: string | undefined;
}

type Before = 'open' | 'comma' | 'value' | 'close';

const code = {
  quote: 0x22,
  comma: 0x2c,
  colon: 0x3a,
  openList: 0x5b,
  backslash: 0x5c,
  closeList: 0x5d,
  open: 0x7b,
  close: 0x7d,
};

class Lifter {
  readonly arrays: Uint8Array[] = [];
  private readonly bytes: Buffer;
  private readonly stack: Frame[] = [];
  private readonly pieces: Buffer[] = [];
  private headBytes = 0;
  /** Where the text begins that `pieces` does not have yet. */
  private rest = 0;
  /** The string token that was read last. */
  private token: readonly [start: number, end: number] = [0, 0];
  /** The array that is being lifted. */
  private array: { readonly start: number; depth: number; before: Before } | undefined;

  constructor(bytes: Uint8Array) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Reads from `index` to about `end`; returns where it stopped. */
  scan(index: number, end: number): number {
    return this.array === undefined ? this.scanHead(index, end) : this.scanArray(this.array, index, end);
  }

  /** @throws OnboxError `json-invalid` */
  headText(bytesMax: number): string {
    if (this.array !== undefined) throw invalid('the request ends inside of its data');
    this.keep(this.bytes.subarray(this.rest));
    if (this.headBytes > bytesMax) {
      throw invalid(`the JSON without its data has ${this.headBytes} bytes, ${bytesMax} at most`);
    }
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(this.pieces));
    } catch (cause) {
      throw new OnboxError('the JSON is not valid UTF-8', { code: 'json-invalid', cause });
    }
  }

  private keep(piece: Buffer): void {
    this.pieces.push(piece);
    this.headBytes += piece.byteLength;
  }

  private scanHead(from: number, end: number): number {
    for (let index = from; index < end; index++) {
      const byte = this.bytes[index];
      if (byte === code.quote) {
        const last = endOfString(this.bytes, index);
        this.token = [index, last + 1];
        index = last;
      } else if (byte === code.colon) this.enterKey();
      else if (byte === code.open) this.push(true);
      else if (byte === code.close || byte === code.closeList) this.stack.pop();
      else if (byte === code.openList) {
        if (this.isDataNext()) return this.startArray(index);
        this.push(false);
      }
    }
    return Math.max(end, this.token[1]);
  }

  private push(isObject: boolean): void {
    if (this.stack.length >= depthMax) throw tooDeep();
    this.stack.push({ isObject, keys: new Set(), key: undefined });
  }

  private enterKey(): void {
    const frame = this.stack.at(-1);
    // A colon elsewhere is an error that the parser finds.
    if (frame?.isObject !== true) return;
    const key = readKey(this.bytes.subarray(...this.token));
    if (refusedKeys.has(key)) throw invalid(`the key "${key}" is refused`);
    if (frame.keys.has(key)) throw invalid(`the key ${JSON.stringify(key.slice(0, 80))} is given twice`);
    frame.keys.add(key);
    frame.key = key;
  }

  /** True for the value of "data" in an object of the list "inputs". */
  private isDataNext(): boolean {
    const [top, list, input] = this.stack;
    if (this.stack.length !== 3 || top === undefined || list === undefined || input === undefined) return false;
    return top.key === 'inputs' && !list.isObject && input.isObject && input.key === 'data';
  }

  private startArray(index: number): number {
    this.keep(this.bytes.subarray(this.rest, index));
    this.keep(Buffer.from(JSON.stringify({ lifted: this.arrays.length } satisfies Placeholder)));
    this.array = { start: index + 1, depth: 1, before: 'open' };
    return index + 1;
  }

  private scanArray(array: NonNullable<Lifter['array']>, from: number, end: number): number {
    for (let index = from; index < end; index++) {
      const byte = this.bytes[index] ?? 0;
      if (byte === code.comma) {
        if (array.before === 'open' || array.before === 'comma') throw invalid('"data" has a comma too many');
        array.before = 'comma';
      } else if (byte === code.openList) {
        if (array.before === 'value' || array.before === 'close') throw invalid('"data" lacks a comma');
        if (this.stack.length + ++array.depth > depthMax) throw tooDeep();
        array.before = 'open';
      } else if (byte === code.closeList) {
        if (array.before === 'comma') throw invalid('"data" has a comma too many');
        array.before = 'close';
        if (--array.depth === 0) return this.endArray(array.start, index);
      } else if (byte === code.quote || byte === code.open) {
        throw invalid('"data" holds numbers; strings and pictures must come as binary data');
      } else if (byte > 0x20) {
        if (array.before === 'close') throw invalid('"data" lacks a comma');
        array.before = 'value';
      }
    }
    return end;
  }

  private endArray(start: number, index: number): number {
    this.arrays.push(this.bytes.subarray(start, index));
    this.array = undefined;
    this.rest = index + 1;
    return index + 1;
  }
}

/** The index of the quote that ends the string that begins at `start`, or the last index. */
function endOfString(bytes: Buffer, start: number): number {
  for (let quote = bytes.indexOf(code.quote, start + 1); quote >= 0; quote = bytes.indexOf(code.quote, quote + 1)) {
    let before = quote - 1;
    while (bytes[before] === code.backslash) before--;
    if ((quote - before) % 2 === 1) return quote;
  }
  return bytes.byteLength - 1;
}

function readKey(token: Buffer): string {
  try {
    return String(JSON.parse(token.toString('utf8')));
  } catch (cause) {
    throw new OnboxError('the request is not valid JSON', { code: 'json-invalid', cause });
  }
}

function tooDeep(): OnboxError {
  return invalid(`JSON nesting depth exceeds maximum allowed limit (${depthMax})`);
}

function invalid(message: string): OnboxError {
  return new OnboxError(message, { code: 'json-invalid' });
}
