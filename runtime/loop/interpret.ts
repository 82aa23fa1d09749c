// The slow truth of loop programs: executes the tree as it stands, one statement after the other. Of the modes of
// loops only that of work-items matters, which have no order.

import { assert } from '../core/assert.js';
import { allocate, elementCount, printType, sameShape, type Tensor, type TensorType } from '../core/tensor.js';
import {
  compileConditions,
  compileExpression,
  compileOffset,
  newScope,
  poison,
  reader,
  type Scope,
  slotOf,
  tensorNamed,
  writer,
} from './evaluate.js';
import { pack } from './pack.js';
import type { Loop, Program, Statement, Store } from './program.js';
import { combineFunction } from './scalar.js';

type Run = () => void;

/**
 * Executes a program on `buffers`, which hold its inputs and constants, and its outputs, which are written in place. Packed buffers
 * are computed first; locals are made where they are declared, full of NaN.
 * @throws Error (a bug) if a buffer is missing or an index leaves its buffer
 */
export function interpret(program: Program, buffers: ReadonlyMap<string, Tensor>): void {
  const tensors = new Map<string, Tensor>();
  for (const buffer of program.buffers) {
    if (buffer.role === 'packed') continue;
    const tensor = buffers.get(buffer.name);
    assert(tensor !== undefined, `${buffer.role} ${buffer.name} is not given`);
    const same = tensor.dtype === buffer.dtype && sameShape(tensor.shape, buffer.shape);
    assert(same, `${buffer.role} ${buffer.name} is ${printType(buffer)}, given ${printType(tensor)}`);
    tensors.set(buffer.name, tensor);
  }
  for (const packing of program.packings) {
    const shape = packing.loops.map((loop) => loop.extent);
    tensors.set(packing.buffer, { dtype: packing.value.dtype, shape, data: pack(packing, tensors) });
  }
  compileBlock(newScope(tensors), program.body)();
}

/** The outputs of a program for `inputs`, which hold its constants too. Elements that it never stores are NaN. */
export function runProgram(program: Program, inputs: ReadonlyMap<string, Tensor>): Map<string, Tensor> {
  const outputs = new Map<string, Tensor>();
  for (const buffer of program.buffers) if (buffer.role === 'output') outputs.set(buffer.name, poisoned(buffer));
  interpret(program, new Map([...inputs, ...outputs]));
  return outputs;
}

function poisoned({ dtype, shape }: TensorType): Tensor {
  const tensor = { dtype, shape, data: allocate(dtype, elementCount(shape)) };
  poison(tensor);
  return tensor;
}

/** A block's locals are seen by the statements after them, to the end of the block. */
function compileBlock(scope: Scope, block: readonly Statement[]): Run {
  const tensors = new Map(scope.tensors);
  const inner: Scope = { ...scope, tensors };
  const runs = block.map((statement): Run => {
    if (statement.kind !== 'local') return compileStatement(inner, statement);
    const tensor = poisoned(statement.buffer);
    tensors.set(statement.buffer.name, tensor);
    return () => poison(tensor);
  });
  const [only] = runs;
  if (only !== undefined && runs.length === 1) return only;
  return () => {
    for (const run of runs) run();
  };
}

function compileStatement(scope: Scope, statement: Exclude<Statement, { kind: 'local' }>): Run {
  switch (statement.kind) {
    case 'for':
      return compileLoop(scope, statement);
    case 'if': {
      const holds = compileConditions(scope, statement.conditions);
      const body = compileBlock(scope, statement.body);
      return () => {
        if (holds()) body();
      };
    }
    case 'store':
      return compileStore(scope, statement);
  }
}

/** Work-items have no order: the last comes first, so that whatever relies on one is seen. */
function compileLoop(scope: Scope, { name, extent, mode, body }: Loop): Run {
  const { counters } = scope;
  const slot = slotOf(scope, name);
  const run = compileBlock(scope, body);
  if (mode === 'item') {
    return () => {
      for (let i = extent - 1; i >= 0; i--) {
        counters[slot] = i;
        run();
      }
    };
  }
  return () => {
    for (let i = 0; i < extent; i++) {
      counters[slot] = i;
      run();
    }
  };
}

function compileStore(scope: Scope, { buffer, index, value, combine }: Store): Run {
  const tensor = tensorNamed(scope, buffer);
  const offset = compileOffset(scope, buffer, index);
  const compute = compileExpression(scope, value);
  const write = writer(tensor);
  assert(value.dtype === tensor.dtype, `a value of ${value.dtype} stored to ${buffer}, ${printType(tensor)}`);
  if (combine === undefined) return () => write(offset(), compute());
  const read = reader(tensor);
  const fold = combineFunction(combine, tensor.dtype);
  return () => {
    const at = offset();
    write(at, fold(read(at), compute()));
  };
}
