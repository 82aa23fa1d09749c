// What holds for every loop program, after lowering and after each step of a schedule. Whoever breaks it is named with the statement.

import { assert } from '../core/assert.js';
import { type Dtype, isFloat, printType } from '../core/tensor.js';
import { type Affine, affineKey, visitAtoms } from './affine.js';
import { call } from './expression.js';
import { printExpression, printProgram, printStatement } from './print.js';
import {
  type Buffer,
  binaryOps,
  type Condition,
  type Expression,
  type Loop,
  type Packing,
  type Program,
  type Statement,
  type Store,
  unaryOps,
} from './program.js';
import { isImplied, rangeUnder } from './range.js';
import { sharingFault } from './sharing.js';

/** What may be used at a point of the program. */
interface Place {
  readonly buffers: ReadonlyMap<string, Buffer>;
  readonly loops: ReadonlyMap<string, number>;
  /** The conditions of the branches and guards around. */
  readonly facts: readonly Condition[];
  /** Outputs and locals that something has been stored to, so far. */
  readonly stored: Set<string>;
  /** What is being looked at, for messages. */
  readonly text: () => string;
}

/**
 * Checks that names are declared once and before use, that every index stays inside its buffer, as its range or the conditions
 * around it prove, that dtypes agree, that nothing is read before it is stored, and that the modes of loops are allowed.
 * @returns the program
 * @throws Error (a bug) with the statement that is wrong
 */
export function verifyProgram(program: Program): Program {
  const buffers = new Map<string, Buffer>();
  const stored = new Set<string>();
  for (const buffer of program.buffers) {
    const place: Place = { buffers, loops: new Map(), facts: [], stored, text: () => printProgram({ ...program, body: [] }) };
    check(buffer.role !== 'local', place, `local ${buffer.name} is declared outside the body`);
    checkBuffer(buffer, place);
    const packing = program.packings.find((candidate) => candidate.buffer === buffer.name);
    check(
      (packing !== undefined) === (buffer.role === 'packed'),
      place,
      `${buffer.role} ${buffer.name} with the wrong packing`,
    );
    if (packing !== undefined) checkPacking(packing, buffer, place);
    buffers.set(buffer.name, buffer);
  }
  const packed = program.buffers.filter((buffer) => buffer.role === 'packed').map((buffer) => buffer.name);
  const order = program.packings.map((packing) => packing.buffer);
  assert(packed.join() === order.join(), `packed buffers are ${packed.join()}, packings ${order.join()}`);
  checkBlock(program.body, { buffers, loops: new Map(), facts: [], stored, text: () => '' });
  const fault = program.body.map(sharingFault).find((one) => one !== undefined);
  assert(fault === undefined, `${fault}`);
  return program;
}

function check(condition: boolean, place: Place, message: string): asserts condition {
  if (!condition) assert(false, `${message}\n${place.text()}`);
}

function checkName(name: string, place: Place): void {
  check(/^[A-Za-z_]\w*$/.test(name), place, `"${name}" is no name`);
}

function checkBuffer(buffer: Buffer, place: Place): void {
  checkName(buffer.name, place);
  check(!place.buffers.has(buffer.name), place, `${buffer.name} is declared twice`);
  const whole = buffer.shape.every((extent) => Number.isSafeInteger(extent) && extent > 0);
  check(whole, place, `${buffer.name} has the extents ${buffer.shape.join()}`);
}

function checkPacking({ loops, value }: Packing, buffer: Buffer, place: Place): void {
  const type = { dtype: value.dtype, shape: loops.map((loop) => loop.extent) };
  check(printType(type) === printType(buffer), place, `${buffer.name} is ${printType(buffer)}, its packing ${printType(type)}`);
  const extents = new Map(loops.map((loop) => [loop.name, loop.extent]));
  check(extents.size === loops.length, place, `the packing of ${buffer.name} names a loop twice`);
  const constants = [...place.buffers].filter(([, { role }]) => role === 'constant' || role === 'packed');
  checkExpression(value, { ...place, loops: extents, buffers: new Map(constants) });
}

function checkBlock(block: readonly Statement[], outer: Place): void {
  const buffers = new Map(outer.buffers);
  for (const statement of block) {
    const place: Place = { ...outer, buffers, text: () => headOf(statement) };
    checkStatement(statement, place);
    if (statement.kind !== 'local') continue;
    buffers.set(statement.buffer.name, statement.buffer);
    place.stored.delete(statement.buffer.name);
  }
}

/** A statement without what is inside it. */
function headOf(statement: Statement): string {
  return printStatement(statement.kind === 'for' || statement.kind === 'if' ? { ...statement, body: [] } : statement);
}

function checkStatement(statement: Statement, place: Place): void {
  switch (statement.kind) {
    case 'local':
      check(
        statement.buffer.role === 'local',
        place,
        `${statement.buffer.name} is declared as ${statement.buffer.role} in the body`,
      );
      checkBuffer(statement.buffer, place);
      break;
    case 'store':
      checkStore(statement, place);
      break;
    case 'if':
      checkConditions(statement.conditions, place);
      checkBlock(statement.body, { ...place, facts: [...place.facts, ...statement.conditions] });
      break;
    case 'for':
      checkLoop(statement, place);
      checkBlock(statement.body, { ...place, loops: new Map([...place.loops, [statement.name, statement.extent]]) });
      break;
  }
}

function checkLoop({ name, extent, axis, mode, binding }: Loop, place: Place): void {
  checkName(name, place);
  check(!place.loops.has(name), place, `loop ${name} stands inside another loop ${name}`);
  check(Number.isSafeInteger(extent) && extent > 0, place, `loop ${name} has the extent ${extent}`);
  check(axis === 'space' || mode === 'serial' || mode === 'unroll', place, `reduction ${name} cannot be ${mode}`);
  check((mode === 'item') === (binding !== undefined), place, `loop ${name} is ${mode} with the wrong binding`);
}

function checkStore({ buffer: name, index, value, combine }: Store, place: Place): void {
  const buffer = bufferNamed(name, place);
  check(buffer.role === 'output' || buffer.role === 'local', place, `a store to ${buffer.role} ${name}`);
  checkAccess(buffer, index, place);
  checkExpression(value, place);
  check(value.dtype === buffer.dtype, place, `a value of ${value.dtype} is stored to ${name}, ${printType(buffer)}`);
  check(combine === undefined || place.stored.has(name), place, `${name} is combined with before it is stored to`);
  place.stored.add(name);
}

function bufferNamed(name: string, { buffers, ...place }: Place): Buffer {
  const buffer = buffers.get(name);
  check(buffer !== undefined, { buffers, ...place }, `there is no buffer ${name}`);
  return buffer;
}

function checkAccess(buffer: Buffer, index: readonly Affine[], place: Place): void {
  const { name, shape } = buffer;
  check(index.length === shape.length, place, `${name} has rank ${shape.length}, its index ${index.length}`);
  for (const [axis, one] of index.entries()) {
    const extent = shape[axis] ?? 0;
    checkIndex(one, place);
    if (isImplied({ index: one, low: 0, high: extent }, place.facts)) continue;
    const [low, high] = rangeUnder(one, place.facts);
    check(false, place, `${name}: index ${affineKey(one)} is ${low} to ${high}, its axis has ${extent} elements`);
  }
}

function checkIndex(index: Affine, place: Place): void {
  visitAtoms(index, (atom) => {
    if (atom.kind === 'variable') {
      const extent = place.loops.get(atom.name);
      check(extent !== undefined, place, `there is no loop ${atom.name}`);
      check(extent === atom.extent, place, `loop ${atom.name} has ${extent} iterations, its variable ${atom.extent}`);
    } else {
      const { value, min, max } = atom;
      check(!isFloat(value.dtype) && min <= max, place, `an index from ${value.dtype} between ${min} and ${max}`);
      checkExpression(value, place);
    }
  });
}

function checkConditions(conditions: readonly Condition[], place: Place): void {
  for (const { index } of conditions) checkIndex(index, place);
}

function checkExpression(expression: Expression, place: Place): void {
  switch (expression.kind) {
    case 'number':
      break;
    case 'index':
      checkIndex(expression.index, place);
      break;
    case 'load': {
      const buffer = bufferNamed(expression.buffer, place);
      const { name, role, dtype } = buffer;
      const written = role === 'output' || role === 'local';
      check(!written || place.stored.has(name), place, `${name} is read before it is stored to`);
      check(dtype === expression.dtype, place, `a load of ${expression.dtype} from ${name}, ${printType(buffer)}`);
      checkAccess(buffer, expression.index, place);
      break;
    }
    case 'guard': {
      const { conditions, value, otherwise } = expression;
      checkConditions(conditions, place);
      checkExpression(value, { ...place, facts: [...place.facts, ...conditions] });
      checkExpression(otherwise, place);
      checkDtypes(expression, [value, otherwise], expression.dtype, place);
      break;
    }
    case 'call':
      for (const arg of expression.args) checkExpression(arg, place);
      checkCall(expression, place);
      break;
  }
}

const unary: ReadonlySet<string> = new Set(unaryOps);
const binary: ReadonlySet<string> = new Set(binaryOps);

function checkCall(expression: Extract<Expression, { kind: 'call' }>, place: Place): void {
  const { op, args, dtype } = expression;
  const arity = unary.has(op) || op === 'cast' ? 1 : binary.has(op) ? 2 : 3;
  check(args.length === arity, place, `${op} takes ${arity} arguments, not ${args.length}`);
  if (op === 'cast') return;
  const derived = call(op, ...args).dtype;
  check(derived === dtype, place, `${printExpression(expression)} is ${derived}, not ${dtype}`);
  if (op === 'select') checkDtypes(expression, args.slice(1), dtype, place);
  else checkDtypes(expression, args, args[0]?.dtype ?? dtype, place);
}

function checkDtypes(whole: Expression, parts: readonly Expression[], dtype: Dtype, place: Place): void {
  for (const part of parts) {
    check(part.dtype === dtype, place, `${printExpression(part)} of ${part.dtype} in ${printExpression(whole)} of ${dtype}`);
  }
}
