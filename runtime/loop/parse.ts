// Reads the text form of loop programs back. What print.ts writes comes out as the same program.

import type { Dtype } from '../core/tensor.js';
import * as affine from './affine.js';
import { call, cast, load, measured, number } from './expression.js';
import {
  type Buffer,
  binaryOps,
  type Combine,
  type Condition,
  type Expression,
  type Loop,
  type LoopMode,
  type Packing,
  type Program,
  type Role,
  type ScalarOp,
  type Statement,
  unaryOps,
} from './program.js';
import { Line } from './text.js';

/** What names mean at a line: the dtypes of buffers, the extents of loops. */
interface Names {
  readonly buffers: Map<string, Dtype>;
  readonly loops: ReadonlyMap<string, number>;
}

const roles: readonly Role[] = ['input', 'output', 'constant', 'packed'];
const dtypes: readonly Dtype[] = ['f32', 'f64', 'f16', 'i8', 'u8', 'i16', 'u16', 'i32', 'u32', 'i64', 'u64', 'bool'];
const modes: readonly LoopMode[] = ['serial', 'parallel', 'vector', 'unroll', 'item'];
const combines: ReadonlyMap<string, Combine> = new Map([
  ['+=', 'add'],
  ['*=', 'mul'],
  ['max=', 'max'],
  ['min=', 'min'],
]);
const scalarOps: ReadonlySet<string> = new Set<ScalarOp>([...unaryOps, ...binaryOps, 'select']);

/**
 * The program that `text` describes, indented by any amount as a whole.
 * @throws OnboxError `program-text` with the line that cannot be read
 */
export function parseProgram(text: string): Program {
  const lines = text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => new Line(line));
  const names: Names = { buffers: new Map(), loops: new Map() };
  const buffers: Buffer[] = [];
  const packings: Packing[] = [];
  const base = lines[0]?.indent ?? 0;
  for (let line = lines[0]; line !== undefined; line = lines[0]) {
    const role = roles.find((candidate) => line?.accept(candidate));
    if (role === undefined) break;
    const buffer = parseBuffer(line, role, names);
    buffers.push(buffer);
    if (role === 'packed') packings.push(parsePacking(line, buffer, names));
    line.end();
    lines.shift();
  }
  const body = parseBlock(lines, base, names);
  lines[0]?.fail('wrong indentation');
  return { buffers, packings, body };
}

function parseBuffer(line: Line, role: Role, names: Names): Buffer {
  const name = line.name();
  const dtype = parseDtype(line, line.name());
  line.expect('[');
  const shape = line.list(']', () => line.whole());
  names.buffers.set(name, dtype);
  return { name, role, dtype, shape };
}

function parseDtype(line: Line, name: string): Dtype {
  return dtypes.find((dtype) => dtype === name) ?? line.fail(`${name} is no dtype`);
}

function parsePacking(line: Line, { name, shape }: Buffer, names: Names): Packing {
  const loopNames = line.accept('for') ? line.list('=', () => line.name()) : [];
  if (loopNames.length === 0) line.expect('=');
  const loops = loopNames.map((loop, axis) => ({
    name: loop,
    extent: shape[axis] ?? line.fail(`${name} has no axis ${axis}`),
  }));
  const inner: Names = { ...names, loops: new Map(loops.map((loop) => [loop.name, loop.extent])) };
  return { buffer: name, loops, value: parseExpression(line, inner) };
}

/** Takes the lines at `indent`, with what is deeper inside them. */
function parseBlock(lines: Line[], indent: number, names: Names): Statement[] {
  const block: Statement[] = [];
  const inner: Names = { ...names, buffers: new Map(names.buffers) };
  for (let line = lines[0]; line !== undefined && line.indent === indent; line = lines[0]) {
    lines.shift();
    block.push(parseStatement(line, lines, inner));
  }
  return block;
}

function parseStatement(line: Line, lines: Line[], names: Names): Statement {
  if (line.accept('for')) return parseLoop(line, lines, names);
  if (line.accept('if')) {
    const conditions = parseConditions(line, names);
    line.end();
    return { kind: 'if', conditions, body: parseBlock(lines, line.indent + 2, names) };
  }
  if (line.accept('local')) {
    const buffer = parseBuffer(line, 'local', names);
    line.end();
    return { kind: 'local', buffer };
  }
  const buffer = line.name();
  line.expect('[');
  const index = line.list(']', () => parseIndex(line, names));
  const sign = line.take('sign') ?? '';
  const combine = combines.get(sign);
  if (combine === undefined && sign !== '=') line.fail(`${sign} is no assignment`);
  const value = parseExpression(line, names);
  line.end();
  return { kind: 'store', buffer, index, value, ...(combine === undefined ? {} : { combine }) };
}

function parseLoop(line: Line, lines: Line[], names: Names): Statement {
  const name = line.name();
  line.expect('in');
  line.expect('0');
  line.expect('..');
  const extent = line.whole();
  let axis: Loop['axis'] = 'space';
  let how: Pick<Loop, 'mode' | 'binding'> = { mode: 'serial' };
  if (line.accept('[')) {
    line.list(']', () => {
      if (line.accept('reduce')) axis = 'reduce';
      else how = parseMode(line);
    });
  }
  line.end();
  const inner: Names = { ...names, loops: new Map([...names.loops, [name, extent]]) };
  return { kind: 'for', name, extent, axis, ...how, body: parseBlock(lines, line.indent + 2, inner) };
}

function parseMode(line: Line): Pick<Loop, 'mode' | 'binding'> {
  const note = line.name();
  const mode = modes.find((candidate) => candidate === note) ?? line.fail(`${note} is no mode of a loop`);
  if (mode !== 'item') return { mode };
  const at = line.whole();
  const dimension = at === 0 || at === 1 || at === 2 ? at : line.fail(`${at} is no dimension of a grid`);
  line.expect('of');
  return { mode, binding: { dimension, group: line.whole() } };
}

function parseConditions(line: Line, names: Names): Condition[] {
  const conditions: Condition[] = [];
  do {
    const low = line.whole();
    line.expect('<=');
    const index = parseIndex(line, names);
    line.expect('<');
    conditions.push({ index, low, high: line.whole() });
  } while (line.accept('and'));
  return conditions;
}

/** A sum of products. */
function parseIndex(line: Line, names: Names): affine.Affine {
  let sum = affine.constant(0);
  let factor = line.accept('-') ? -1 : 1;
  for (;;) {
    sum = affine.add(sum, affine.scale(parseProduct(line, names), factor));
    if (line.accept('+')) factor = 1;
    else if (line.accept('-')) factor = -1;
    else return sum;
  }
}

function parseProduct(line: Line, names: Names): affine.Affine {
  let product = parseAtom(line, names);
  for (;;) {
    if (line.accept('*')) product = affine.scale(product, line.whole());
    else if (line.accept('/')) product = affine.quotient(product, line.whole());
    else if (line.accept('%')) product = affine.remainder(product, line.whole());
    else return product;
  }
}

function parseAtom(line: Line, names: Names): affine.Affine {
  if (line.accept('(')) {
    const inner = parseIndex(line, names);
    line.expect(')');
    return inner;
  }
  const name = line.take('name');
  if (name === undefined) return affine.constant(line.whole());
  const extent = names.loops.get(name);
  if (extent !== undefined) return affine.variable(name, extent);
  if (name !== 'clamp' || !line.accept('(')) line.fail(`there is no loop ${name}`);
  const value = parseExpression(line, names);
  line.expect(',');
  const min = line.whole();
  line.expect(',');
  const max = line.whole();
  line.expect(')');
  return measured(value, min, max);
}

/** A sum of terms. */
function parseExpression(line: Line, names: Names): Expression {
  let sum = parseTerm(line, names);
  for (;;) {
    if (line.accept('+')) sum = call('add', sum, parseTerm(line, names));
    else if (line.accept('-')) sum = call('sub', sum, parseTerm(line, names));
    else return sum;
  }
}

function parseTerm(line: Line, names: Names): Expression {
  let product = parseFactor(line, names);
  for (;;) {
    if (line.accept('*')) product = call('mul', product, parseFactor(line, names));
    else if (line.accept('/')) product = call('div', product, parseFactor(line, names));
    else return product;
  }
}

function parseFactor(line: Line, names: Names): Expression {
  if (line.accept('(')) {
    const inner = parseExpression(line, names);
    line.expect(')');
    return inner;
  }
  if (line.accept('{')) {
    const conditions = parseConditions(line, names);
    line.expect('?');
    const value = parseExpression(line, names);
    line.expect(':');
    const otherwise = parseExpression(line, names);
    line.expect('}');
    return { kind: 'guard', dtype: value.dtype, conditions, value, otherwise };
  }
  const negative = line.accept('-');
  const digits = line.take('number') ?? ['Infinity', 'NaN'].find((special) => line.accept(special));
  if (digits !== undefined) return number(negative ? -Number(digits) : Number(digits), parseSuffix(line));
  if (negative) line.fail('only a number may follow a sign');
  return parseNamed(line, line.name(), names);
}

function parseSuffix(line: Line): Dtype {
  const suffix = line.take('suffix');
  return suffix === undefined ? 'f32' : parseDtype(line, suffix.slice(1));
}

/** A load, an index as a number, or a call. */
function parseNamed(line: Line, name: string, names: Names): Expression {
  if (line.accept('[')) {
    const dtype = names.buffers.get(name) ?? line.fail(`there is no buffer ${name}`);
    return load(
      name,
      dtype,
      line.list(']', () => parseIndex(line, names)),
    );
  }
  line.expect('(');
  if (name === 'index') {
    const index = parseIndex(line, names);
    line.expect(')');
    return { kind: 'index', dtype: parseSuffix(line), index };
  }
  const args = line.list(')', () => parseExpression(line, names));
  const [first] = args;
  const dtype = dtypes.find((candidate) => candidate === name);
  if (dtype !== undefined && first !== undefined) return cast(first, dtype);
  if (!scalarOps.has(name)) line.fail(`there is no operation ${name}`);
  return call(name as Exclude<ScalarOp, 'cast'>, ...args);
}
