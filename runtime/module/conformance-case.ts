// ONNX backend tests on disk: finds them, and turns each data set into a graph with inputs and the outputs that it must give.

import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { OnboxError } from '../core/error.js';
import type { Tensor } from '../core/tensor.js';
import type { Graph } from '../graph/graph.js';
import { importModel } from '../onnx/import.js';
import type { OnnxModel } from '../onnx/model.js';
import { readModel, readTensor } from '../onnx/read.js';

/** One data set of a test. */
export interface ConformanceCase {
  readonly graph: Graph;
  /** By name, those that the graph still has as inputs. */
  readonly inputs: ReadonlyMap<string, Tensor>;
  /** By name of the output. */
  readonly wanted: ReadonlyMap<string, Tensor>;
}

const modelFile = 'model.onnx';
const dataSet = /^test_data_set_\d+$/;
const depthMax = 8;
const modelBytesMax = 64 * 2 ** 20;
const dataBytesMax = 256 * 2 ** 20;

/**
 * Folders that hold a model and data sets, as paths below `root`, sorted.
 * @throws OnboxError `tests-missing`
 */
export async function listCases(root: string): Promise<string[]> {
  const found: string[] = [];
  const visit = async (folder: string, depth: number): Promise<void> => {
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
    const isTest = entries.some(({ name }) => name === modelFile) && entries.some(({ name }) => dataSet.test(name));
    if (isTest) found.push(relative(root, folder) || '.');
    if (isTest || depth === depthMax) return;
    for (const entry of entries) if (entry.isDirectory()) await visit(join(folder, entry.name), depth + 1);
  };
  await visit(root, 0);
  if (found.length > 0) return found.sort();
  throw new OnboxError(`${JSON.stringify(root)} holds no folder with ${modelFile} and test_data_set_0`, {
    code: 'tests-missing',
  });
}

/**
 * All data sets of a test.
 * @throws OnboxError of readModel, readTensor and importModel
 */
export async function readCase(root: string, name: string): Promise<ConformanceCase[]> {
  const folder = join(root, name);
  const model = readModel(await readBounded(join(folder, modelFile), modelBytesMax));
  const sets = (await readdir(folder)).filter((entry) => dataSet.test(entry)).sort();
  const cases: ConformanceCase[] = [];
  for (const set of sets) {
    const tensors = await readTensors(join(folder, set), 'input');
    const feeds = new Map(model.inputs.flatMap(({ name: input }, i) => (tensors[i] ? [[input, tensors[i]] as const] : [])));
    const outputs = await readTensors(join(folder, set), 'output');
    const wanted = new Map(model.outputs.flatMap(({ name: output }, i) => (outputs[i] ? [[output, outputs[i]] as const] : [])));
    const graph = importWithParameters({ ...model, outputs: model.outputs.filter((output) => wanted.has(output.name)) }, feeds);
    const inputs = new Map(graph.inputs.map((input) => [input, feeds.get(input) as Tensor]));
    cases.push({ graph, inputs, wanted });
  }
  return cases;
}

/**
 * Tests pass shapes, axes and limits as inputs, which models that are deployed hold as constants. As few inputs as possible become
 * constants: none, those of whole numbers behind the first, all behind the first, all.
 */
function importWithParameters(model: OnnxModel, feeds: ReadonlyMap<string, Tensor>): Graph {
  const isWhole = (name: string) => /^[iu]/.test(feeds.get(name)?.dtype ?? '');
  const choices: ((name: string, index: number) => boolean)[] = [
    () => false,
    (name, index) => index > 0 && isWhole(name),
    (_, index) => index > 0,
    () => true,
  ];
  let refusal: unknown;
  for (const isParameter of choices) {
    try {
      return importBound(model, feeds, isParameter);
    } catch (error) {
      // The first refusal is of the model as it is, and says most.
      refusal ??= error;
    }
  }
  throw refusal;
}

function importBound(
  model: OnnxModel,
  feeds: ReadonlyMap<string, Tensor>,
  isParameter: (name: string, index: number) => boolean,
): Graph {
  const initializers = new Map(model.initializers);
  const inputs = model.inputs.filter(({ name, dtype }, index) => {
    const tensor = feeds.get(name);
    if (tensor?.dtype !== dtype || tensor === undefined || !isParameter(name, index)) return true;
    initializers.set(name, tensor);
    return false;
  });
  const shapes = Object.fromEntries(inputs.map(({ name }) => [name, feeds.get(name)?.shape ?? []]));
  return importModel({ ...model, inputs, initializers }, { inputs: shapes });
}

async function readTensors(folder: string, prefix: string): Promise<Tensor[]> {
  const tensors: Tensor[] = [];
  const names = new Set(await readdir(folder));
  for (let name = `${prefix}_0.pb`; names.has(name); name = `${prefix}_${tensors.length}.pb`) {
    tensors.push(readTensor(await readBounded(join(folder, name), dataBytesMax)));
  }
  return tensors;
}

async function readBounded(path: string, bytesMax: number): Promise<Uint8Array> {
  const { size } = await stat(path);
  if (size <= bytesMax) return await readFile(path);
  throw new OnboxError(`${JSON.stringify(path)} has ${size} bytes, more than ${bytesMax}`, { code: 'model-invalid' });
}
