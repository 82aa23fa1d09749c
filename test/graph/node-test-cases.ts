// ONNX's own tests of single operators: a model with inputs and the outputs that they must give.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Tensor } from '../../runtime/core/tensor.js';
import { evaluate } from '../../runtime/graph/evaluate.js';
import { numbersOf } from '../../runtime/graph/numbers.js';
import { verify } from '../../runtime/graph/verify.js';
import { importModel } from '../../runtime/onnx/import.js';
import type { OnnxModel } from '../../runtime/onnx/model.js';
import { readModel, readTensor } from '../../runtime/onnx/read.js';

/** As numpy's allclose: ONNX's runner compares with these. */
const relativeTolerance = 1e-3;
const absoluteTolerance = 1e-5;

export interface NodeTest {
  readonly name: string;
  /** Separated by commas. */
  readonly operators: string;
}

/** The tests that a table of name, operators and opset lists. */
export function listNodeTests(table: string): NodeTest[] {
  const lines = readFileSync(table, 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => {
    const [name = '', operators = ''] = line.split('\t');
    return { name, operators };
  });
}

/** Unpacks the archive's tests into a new temporary folder, which it returns. */
export function unpackNodeTests(archive: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'onbox-node-tests-'));
  execFileSync('tar', ['xzf', archive, '-C', folder, '--strip-components=2', 'data/node']);
  return folder;
}

/** Runs all data sets of the test in `folder`, and says what is wrong, undefined if nothing is. */
export function runNodeTest(folder: string): string | undefined {
  try {
    const model = readModel(readFileSync(join(folder, 'model.onnx')));
    const sets = readdirSync(folder).filter((entry) => entry.startsWith('test_data_set_'));
    return sets.map((set) => runDataSet(model, join(folder, set))).find((problem) => problem !== undefined);
  } catch (error) {
    return String(error instanceof Error ? error.message : error);
  }
}

function runDataSet(model: OnnxModel, folder: string): string | undefined {
  const inputs = new Map(readTensors(folder, 'input').map((tensor, i) => [model.inputs[i]?.name ?? '', tensor]));
  const outputs = evaluateModel(model, inputs);
  const wanted = readTensors(folder, 'output');
  return wanted
    .map((want, i) => compare(want, outputs.get(model.outputs[i]?.name ?? '')))
    .find((problem) => problem !== undefined);
}

/**
 * These models take shapes, axes and the like as inputs. Real ones have them as constants: with those after the first as constants the
 * model is tried second, with all of them third.
 */
function evaluateModel(model: OnnxModel, inputs: ReadonlyMap<string, Tensor>): Map<string, Tensor> {
  const variants = [model, withConstants(model, inputs, 1)];
  for (const variant of variants) {
    try {
      return importAndEvaluate(variant, inputs);
    } catch {
      // What is wrong is said by the last variant.
    }
  }
  return importAndEvaluate(withConstants(model, inputs, 0), inputs);
}

/** The model with its inputs from `first` on as initializers. */
function withConstants(model: OnnxModel, inputs: ReadonlyMap<string, Tensor>, first: number): OnnxModel {
  const initializers = new Map(model.initializers);
  for (const { name } of model.inputs.slice(first)) {
    const tensor = inputs.get(name);
    if (tensor !== undefined) initializers.set(name, tensor);
  }
  return { ...model, inputs: model.inputs.slice(0, first), initializers };
}

function importAndEvaluate(model: OnnxModel, inputs: ReadonlyMap<string, Tensor>): Map<string, Tensor> {
  const shapes = model.inputs.map(({ name }) => [name, inputs.get(name)?.shape ?? []] as const);
  const graph = verify(importModel(model, { inputs: Object.fromEntries(shapes) }));
  return evaluate(graph, inputs);
}

function readTensors(folder: string, prefix: string): Tensor[] {
  const tensors: Tensor[] = [];
  while (existsSync(join(folder, `${prefix}_${tensors.length}.pb`))) {
    tensors.push(readTensor(readFileSync(join(folder, `${prefix}_${tensors.length}.pb`))));
  }
  return tensors;
}

function compare(want: Tensor, got: Tensor | undefined): string | undefined {
  if (got === undefined) return 'an output is missing';
  const [wantType, gotType] = [want, got].map(({ dtype, shape }) => `${dtype}[${shape.join(',')}]`);
  if (wantType !== gotType) return `an output is ${gotType}, not ${wantType}`;
  const [wanted, values] = [numbersOf(want), numbersOf(got)];
  const index = wanted.findIndex((value, i) => !isClose(value, values[i] as number));
  return index < 0 ? undefined : `element ${index} of an output is ${values[index]}, not ${wanted[index]}`;
}

function isClose(want: number, got: number): boolean {
  if (Object.is(want, got) || want === got) return true;
  return Math.abs(want - got) <= absoluteTolerance + relativeTolerance * Math.abs(want) && Number.isFinite(got);
}
