// Writes one kernel: the statements of a scheduled program as C. Unrolled loops are written out, vector loops become operations on
// vectors, locals become named variables (locals.ts), and addresses are a pointer for each place plus a literal offset, so that the
// compiler keeps few pointers and folds the rest into its addressing modes.

import { assert } from '../core/assert.js';
import { stridesOf } from '../core/tensor.js';
import { type Affine, affineKey, constant, dependsOn, isMeasured, rangeOf, strideOf } from '../loop/affine.js';
import { flatIndex } from '../loop/flat.js';
import type { Buffer, Loop, Statement, Store } from '../loop/program.js';
import { substituteBlock } from '../loop/statement.js';
import type { Address, Dialect } from './dialect.js';
import { ExpressionWriter, elementAt, strideIn, type Text } from './expression-writer.js';
import { type Dimension, dimensions, type Extents, type Turn, turnsOf } from './grid.js';
import { readByLane } from './lanes.js';
import { fixedIndex, localForm, usedVariables } from './locals.js';
import { unrounded, valueType } from './scalar.js';
import { sharesOf } from './shares.js';

/** Where an element of a buffer is found in C. */
export type Place =
  /** A variable, as wide as the text that `vector` says. */
  | { readonly kind: 'variable'; readonly name: string; readonly vector: boolean }
  /** An address: `pointer[offset]`. */
  | ({ readonly kind: 'memory'; readonly flat: Affine } & Address);

interface NamedLocal {
  readonly kind: 'scalars' | 'vectors';
  readonly prefix: string;
  /** Strides of the axes that choose the variable. */
  readonly strides: readonly number[];
}

/** A C block: pointers that it declares stand at its start. */
interface Block {
  start: number;
  readonly indent: number;
  readonly pointers: Map<string, string>;
  /** Offsets that advance from one iteration to the next, by index. */
  readonly offsets: Map<string, string>;
  /** The variable that the block has beyond those of the blocks around it. */
  readonly variable: string | undefined;
  /** What its end does, where it is the body of a loop. */
  readonly steps: string[];
  readonly isLoop: boolean;
}

export interface KernelOptions {
  /** Whether a buffer begins at a multiple of a vector's bytes. */
  readonly isAligned: (buffer: string) => boolean;
  /** Work-items along each dimension, for a dialect that has them. */
  readonly grid?: Extents;
}

export class KernelWriter {
  lines: string[] = [];
  private readonly buffers = new Map<string, Buffer>();
  private readonly named = new Map<string, NamedLocal>();
  /** C names of locals that are arrays. */
  private readonly arrays = new Map<string, string>();
  private readonly blocks: Block[] = [];
  /** Pointers to floats or halves that nothing writes. */
  private readonly constants = new Set<string>();
  private readonly dialect: Dialect;
  private readonly grid: KernelOptions['grid'];
  /** Pointers that are multiples of a vector's bytes, and buffers that are. */
  private readonly aligned = new Set<string>();
  private readonly expressions: ExpressionWriter;
  private indent = 1;
  private counter = 0;
  /** The vector loop around the current statement. */
  private lane: string | undefined;
  private laneCount = 0;
  /** The dimension whose work-items share out the next loop. */
  private shared: Dimension | undefined;

  constructor(buffers: readonly Buffer[], dialect: Dialect, { isAligned, grid }: KernelOptions) {
    this.grid = grid;
    for (const buffer of buffers) {
      if (isAligned(buffer.name)) this.aligned.add(buffer.name);
      this.buffers.set(buffer.name, buffer);
      if (isConstant(buffer)) this.constants.add(buffer.name);
    }
    this.dialect = dialect;
    this.expressions = new ExpressionWriter({
      dialect,
      buffers: this.buffers,
      lane: () => this.lane,
      laneCount: () => this.laneCount,
      place: (buffer, index) => this.place(buffer, index),
    });
  }

  /** The body of a kernel; of what is shared out it runs `begin` to `end`. */
  writeBody(body: readonly Statement[]): void {
    this.openBlock();
    for (const dimension of dimensions) {
      const { itemId } = this.dialect;
      const isUsed = itemId !== undefined && (this.grid?.[dimension] ?? 1) > 1;
      if (isUsed) this.line(`const int g${dimension} = ${itemId(dimension)};`);
    }
    this.openBlock();
    this.writeStatements(body);
    this.blocks.length = 0;
    this.lines = readByLane(this.lines, this.dialect, {
      isConstant: (pointer) => this.constants.has(pointer),
      isAligned: (pointer) => this.aligned.has(pointer),
    });
  }

  private line(text: string): void {
    this.lines.push(`${'  '.repeat(this.indent)}${text}`);
  }

  private openBlock(variable?: string, isLoop = false): void {
    const { indent, lines } = this;
    this.blocks.push({ start: lines.length, indent, pointers: new Map(), offsets: new Map(), variable, steps: [], isLoop });
  }

  /** Writes a declaration at the start of a block. */
  private declareAt(depth: number, text: string): void {
    const block = this.blocks[depth] as Block;
    this.lines.splice(block.start, 0, `${'  '.repeat(block.indent)}${text}`);
    for (const inner of this.blocks.slice(depth)) inner.start++;
  }

  private bufferOf(name: string): Buffer {
    const buffer = this.buffers.get(name);
    assert(buffer !== undefined, `no buffer ${name}`);
    return buffer;
  }

  private writeStatements(block: readonly Statement[]): void {
    const shares = sharesOf(block);
    if (shares === undefined) this.writePlain(block);
    for (const share of shares ?? []) {
      if (share.kind === 'part') this.writeLoop(share.loop, share.from, share.to);
      else if (share.kind === 'all') this.writePlain([share.loop]);
      else {
        this.line(`if (${share.test}) {`);
        this.writeInside([share.statement]);
      }
    }
  }

  private writePlain(block: readonly Statement[]): void {
    const turns = this.grid === undefined ? [] : turnsOf(block);
    for (const [i, statement] of block.entries()) {
      const own = turns[i] ?? [];
      if (statement.kind === 'local') this.declare(statement.buffer, block.slice(i + 1));
      else if (own.length > 0) this.writeTurn(statement, own);
      else this.writeStatement(statement);
    }
  }

  /** What only some work-items do; a bound loop is what each of them does once. */
  private writeTurn(statement: Exclude<Statement, { kind: 'local' }>, turns: readonly Turn[]): void {
    const tests = turns.flatMap(({ dimension, first, count }) => {
      const all = this.grid?.[dimension] ?? 1;
      if (count === 1) return all === 1 ? [] : [`g${dimension} == ${first}`];
      return [
        ...(first > 0 ? [`g${dimension} >= ${first}`] : []),
        ...(first + count < all ? [`g${dimension} < ${first + count}`] : []),
      ];
    });
    const [only] = turns;
    if (only?.isShared && turns.length === 1) {
      this.shared = only.dimension;
      this.writeStatement(statement);
      this.shared = undefined;
      return;
    }
    this.line(tests.length === 0 ? '{' : `if (${tests.join(' && ')}) {`);
    if (statement.kind !== 'for' || statement.binding === undefined) {
      this.writeInside([statement], { settled: false });
      return;
    }
    const { dimension } = statement.binding;
    const first = turns.find((turn) => turn.dimension === dimension)?.first ?? 0;
    const id = statement.extent === 1 ? '0' : first === 0 ? `g${dimension}` : `g${dimension} - ${first}`;
    this.indent++;
    this.line(`const int ${statement.name} = ${id};`);
    this.indent--;
    this.writeInside(statement.body, { variable: statement.name });
  }

  private writeStatement(statement: Exclude<Statement, { kind: 'local' }>): void {
    switch (statement.kind) {
      case 'store':
        this.writeStore(statement);
        return;
      case 'if':
        this.line(`if (${this.expressions.conditions(statement.conditions)}) {`);
        this.writeInside(statement.body);
        return;
      case 'for':
        if (statement.mode === 'unroll') this.writeUnrolled(statement);
        else if (statement.mode === 'vector') this.writeVector(statement);
        else this.writeLoop(statement, '0', String(statement.extent));
    }
  }

  private writeLoop(loop: Loop, from: string, to: string): void {
    const { name } = loop;
    if (this.shared !== undefined) {
      const step = this.grid?.[this.shared] ?? 1;
      this.line(`for (int ${name} = g${this.shared}; ${name} < ${to}; ${name} += ${step}) {`);
      this.shared = undefined;
      this.writeInside(loop.body, { variable: name });
      return;
    }
    this.line(`for (int ${name} = ${from}; ${name} < ${to}; ${name}++) {`);
    this.writeInside(loop.body, { variable: name, isLoop: true });
  }

  /**
   * @param settled whether it is known who runs the statements
   * @param variable that the block has beyond those around it
   */
  private writeInside(
    body: readonly Statement[],
    { settled = true, variable, isLoop }: { settled?: boolean; variable?: string; isLoop?: boolean } = {},
  ): void {
    this.indent++;
    this.openBlock(variable, isLoop);
    if (settled) this.writeStatements(body);
    else for (const statement of body) if (statement.kind !== 'local') this.writeStatement(statement);
    for (const step of this.blocks.at(-1)?.steps ?? []) this.line(step);
    this.blocks.pop();
    this.indent--;
    this.line('}');
  }

  private writeUnrolled(loop: Loop): void {
    for (let i = 0; i < loop.extent; i++) {
      this.writeStatements(substituteBlock(loop.body, new Map([[loop.name, constant(i)]])));
    }
  }

  private writeVector(loop: Loop): void {
    assert(this.lane === undefined, 'a vector loop inside a vector loop');
    this.lane = loop.name;
    this.laneCount = loop.extent;
    this.writeStatements(loop.body);
    this.lane = undefined;
  }

  private declare(buffer: Buffer, rest: readonly Statement[]): void {
    const { types, arraySuffix, vectorType, whole } = this.dialect;
    const form = localForm(buffer, rest, this.dialect, this.lane !== undefined);
    const prefix = `${buffer.name}_${this.counter++}`;
    this.buffers.set(buffer.name, buffer);
    if (form.kind === 'array') {
      this.named.delete(buffer.name);
      const count = buffer.shape.reduce((product, extent) => product * extent, 1);
      this.line(`${types[buffer.dtype]} ${prefix}[${count}]${arraySuffix};`);
      this.arrays.set(buffer.name, prefix);
      return;
    }
    const perLane = form.kind === 'vectors' && this.lane === undefined;
    const shape = perLane ? buffer.shape.slice(0, -1) : buffer.shape;
    this.arrays.delete(buffer.name);
    this.named.set(buffer.name, { kind: form.kind, prefix, strides: stridesOf(shape) });
    const count = shape.reduce((product, extent) => product * extent, 1);
    const vector = buffer.dtype === 'i32' ? whole?.vectorType : vectorType;
    const type = form.kind === 'vectors' ? vector : valueType(buffer.dtype, this.dialect);
    const names = usedVariables(buffer.name, rest, stridesOf(shape), count);
    for (let i = 0; i < names.length; i += 8) {
      this.line(
        `${type} ${names
          .slice(i, i + 8)
          .map((at) => `${prefix}_${at}`)
          .join(', ')};`,
      );
    }
  }

  private place(buffer: string, index: readonly Affine[]): Place {
    const named = this.named.get(buffer);
    if (named !== undefined) {
      const at = named.strides.reduce((sum, stride, axis) => sum + stride * fixedIndex(index[axis]), 0);
      return { kind: 'variable', name: `${named.prefix}_${at}`, vector: named.kind === 'vectors' };
    }
    const { dtype, shape, role } = this.bufferOf(buffer);
    const flat = flatIndex(index, shape);
    const { pointer, offset } = this.address(this.arrays.get(buffer) ?? buffer, buffer, flat);
    const isAligned = this.aligned.has(pointer) && flat.constant % this.dialect.lanes === 0;
    return { kind: 'memory', pointer, offset, dtype, isGlobal: role !== 'local', isAligned, flat };
  }

  /** Splits an address into a declared pointer and a literal offset; the lane of a vector loop is left out of both. */
  private address(base: string, buffer: string, flat: Affine): { pointer: string; offset: string } {
    const { dialect } = this;
    const terms = flat.terms.filter(({ atom }) => atom.kind !== 'variable' || atom.name !== this.lane);
    if (terms.length === 0) return { pointer: base, offset: String(flat.constant) };
    // An unsigned offset must not begin below 0, as where an axis is read backwards.
    const low = dialect.offsetType === undefined ? 0 : Math.min(0, rangeOf({ constant: 0, terms })[0]);
    const variables: Affine = { constant: -low, terms };
    const offset = String(flat.constant + low);
    const text = this.expressions.index(variables);
    // What is measured may depend on stores of this block, or be guarded where it stands: it is computed there.
    if (isMeasured(variables)) return { pointer: `(${base} + ${text})`, offset };
    const key = `${base}+${affineKey(variables)}`;
    for (const block of this.blocks) {
      const known = block.pointers.get(key);
      if (known !== undefined) return { pointer: known, offset };
    }
    const pointer = `p${this.counter++}`;
    const { dtype, role } = this.bufferOf(buffer);
    if (isConstant(this.bufferOf(buffer))) this.constants.add(pointer);
    const isEven = low % dialect.lanes === 0 && terms.every(({ coefficient }) => coefficient % dialect.lanes === 0);
    if (isEven && this.aligned.has(base)) this.aligned.add(pointer);
    const isOwn = role === 'local';
    const type = dialect.pointer(dtype, { isGlobal: !isOwn, isWritable: isOwn || role === 'output' });
    const depth = dialect.offsetType === undefined || isOwn ? this.blocks.length - 1 : this.depthOf(variables);
    this.declareAt(depth, `${type} ${pointer} = ${base} + ${this.offsetAt(depth, variables)};`);
    this.blocks[depth]?.pointers.set(key, pointer);
    return { pointer, offset };
  }

  /** The innermost block whose variable an index depends on. */
  private depthOf(index: Affine): number {
    const depth = this.blocks.findLastIndex(({ variable }) => variable !== undefined && dependsOn(index, variable));
    return Math.max(0, depth);
  }

  /**
   * An index as an offset, at the start of a block. Where the dialect wants offsets that advance, one that moves evenly with the loop is
   * a variable, which is set before the loop and moved on at its end.
   */
  private offsetAt(depth: number, index: Affine): string {
    const { offsetType, addressOffset } = this.dialect;
    if (offsetType === undefined) return addressOffset(this.expressions.index(index));
    const at = this.depthOf(index);
    const { variable, isLoop, offsets, steps } = this.blocks[Math.min(at, depth)] as Block;
    const stride = isLoop && variable !== undefined ? strideOf(index, variable) : undefined;
    if (at > depth || variable === undefined || stride === undefined) return addressOffset(this.expressions.index(index));
    const key = affineKey(index);
    const known = offsets.get(key);
    if (known !== undefined) return known;
    const name = `at${this.counter++}`;
    const rest = { ...index, terms: index.terms.filter(({ atom }) => atom.kind !== 'variable' || atom.name !== variable) };
    this.declareAt(at - 1, `${offsetType} ${name} = ${this.offsetAt(at - 1, rest)};`);
    steps.push(`${name} += ${stride};`);
    offsets.set(key, name);
    return name;
  }

  private writeStore(store: Store): void {
    const dot = this.expressions.dot(store);
    if (dot !== undefined) {
      this.line(dot);
      return;
    }
    const value = this.expressions.write(this.named.has(store.buffer) ? store.value : unrounded(store));
    const place = this.place(store.buffer, store.index);
    if (place.kind === 'variable') {
      const wide = place.vector ? this.expressions.widen(value, store.value.dtype) : value;
      const before = { text: place.name, wide: place.vector };
      this.line(`${place.name} = ${this.combine(store, before, wide)};`);
      return;
    }
    const stride = this.lane === undefined ? 0 : strideIn(place.flat, this.lane);
    if (this.lane === undefined || stride === 0) this.storeScalar(store, place, value);
    else this.storeVector(store, place, value, stride);
  }

  private combine({ combine, value }: Store, before: Text, fresh: Text): string {
    return this.expressions.combine(combine, value.dtype, before, fresh).text;
  }

  private storeScalar(store: Store, place: Address, value: Text): void {
    assert(!value.wide, 'a vector stored to one element');
    const before = store.combine === undefined ? '' : this.dialect.loadElement(place);
    this.line(this.dialect.storeElement(place, this.combine(store, { text: before, wide: false }, value)));
  }

  private storeVector(store: Store, place: Address, value: Text, stride: number): void {
    const { dialect, laneCount } = this;
    const wide = this.expressions.widen(value, store.value.dtype);
    if (stride === 1) {
      const isWhole = laneCount === dialect.lanes;
      const before = isWhole ? dialect.loadVector(place) : dialect.loadPart(place, laneCount);
      const text = this.combine(store, { text: before, wide: true }, wide);
      this.line(isWhole ? dialect.storeVector(place, text) : dialect.storePart(place, text, laneCount));
      return;
    }
    assert(store.combine === undefined, 'a scattered reduction');
    const name = `s${this.counter++}`;
    this.line(`const ${dialect.vectorType} ${name} = ${wide.text};`);
    for (let i = 0; i < laneCount; i++) {
      this.line(dialect.storeElement(elementAt(place, i * stride), dialect.lane(name, i)));
    }
  }
}

function isConstant({ dtype, role }: Buffer): boolean {
  return (dtype === 'f32' || dtype === 'f16') && (role === 'input' || role === 'constant');
}
