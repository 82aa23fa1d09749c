// The ONNX project's own operator tests: every one whose operators onbox has gives the stated results, before and after the passes.

import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { errorCode, errorMessage } from '../../runtime/core/error.js';
import type { Tensor } from '../../runtime/core/tensor.js';
import { evaluate } from '../../runtime/graph/evaluate.js';
import { optimize } from '../../runtime/graph/passes/index.js';
import { verify } from '../../runtime/graph/verify.js';
import { importModel } from '../../runtime/onnx/import.js';
import type { OnnxModel } from '../../runtime/onnx/model.js';
import { readModel, readTensor } from '../../runtime/onnx/read.js';
import { sharedData } from '../support/data.js';

/** What onbox refuses by design, by the reason that the error gives. */
const refusals: readonly RegExp[] = [
  /operators that onbox lacks/,
  /which onbox does not have/,
  /of numbers of 4 bits/,
  /ConvTranspose .*wants 1 or 2 spatial axes, got 3/,
  /training mode, in which elements are dropped at random/,
  // A model without elements is of no use; opset 1 is older than what is supported; optionals and sequences are no tensors.
  /cannot have the shape/,
  /opset 1;/,
  /is a segment of a tensor|input "opt_in" is no tensor|\[111,112,116,95,105,110\]/,
];

/**
 * As onnxruntime, unlike the ONNX reference: the extent is rounded before corners are aligned, levels saturate, cells past the pads do not
 * count in a mean, and the indices of MaxUnpool are those of its output_shape.
 */
const differing = new Set([
  'test_averagepool_3d_dilations_large_count_include_pad_is_1_ceil_mode_is_True',
  'test_maxunpool_export_with_output_shape',
  'test_resize_downsample_scales_cubic_align_corners',
  'test_resize_downsample_scales_linear_align_corners',
  'test_qlinearmatmul_2D_int8_float16',
  'test_qlinearmatmul_2D_int8_float32',
  'test_qlinearmatmul_3D_int8_float16',
  'test_qlinearmatmul_3D_int8_float32',
]);

/** The regular files of a tar archive by path (POSIX ustar: headers and contents in blocks of 512 bytes). */
function untar(archive: Uint8Array): Map<string, Uint8Array> {
  const text = (start: number, end: number) =>
    Buffer.from(archive.subarray(start, end)).toString('latin1').replace(/\0.*$/s, '');
  const files = new Map<string, Uint8Array>();
  for (let offset = 0; offset + 512 <= archive.length && archive[offset] !== 0; ) {
    const size = Number.parseInt(text(offset + 124, offset + 136), 8);
    const prefix = text(offset + 345, offset + 500);
    const start = offset + 512;
    files.set((prefix === '' ? '' : `${prefix}/`) + text(offset, offset + 100), archive.subarray(start, start + size));
    offset = start + 512 * Math.ceil(size / 512);
  }
  return files;
}

/** The test feeds parameters such as axes as inputs; a model that is deployed holds them, so all inputs but those of data are bound. */
function bindParameters(model: OnnxModel, feeds: readonly Tensor[]): OnnxModel {
  const shaping = model.nodes.some(({ op }) => op === 'Range' || op === 'ConstantOfShape');
  const isData = (index: number) => (index === 0 && !shaping) || (model.inputs.length === 1 && !shaping);
  const bound = model.inputs
    .map((input, index) => [input.name, feeds[index] as Tensor] as const)
    .filter((_, index) => !isData(index));
  return {
    ...model,
    inputs: model.inputs.filter((_, index) => isData(index)),
    initializers: new Map([...model.initializers, ...bound]),
  };
}

function compare(want: Tensor, got: Tensor): void {
  if (got.dtype !== want.dtype || got.shape.join() !== want.shape.join()) {
    throw new Error(`wants ${want.dtype}[${want.shape}], got ${got.dtype}[${got.shape}]`);
  }
  want.data.forEach((value: number | bigint, index: number) => {
    const [a, b] = [Number(value), Number(got.data[index])];
    const close = Object.is(a, b) || a === b || Math.abs(a - b) <= 1e-3 * Math.abs(a) + 1e-5;
    if (!close) throw new Error(`element ${index} wants ${a}, got ${b}`);
  });
}

function runCase(files: ReadonlyMap<string, Uint8Array>, name: string): void {
  const folder = `data/node/${name}`;
  const tensors = (kind: string) => {
    const list: Tensor[] = [];
    for (let index = 0; ; index++) {
      const bytes = files.get(`${folder}/test_data_set_0/${kind}_${index}.pb`);
      if (!bytes) return list;
      list.push(readTensor(bytes));
    }
  };
  const feeds = tensors('input');
  const plain = readModel(files.get(`${folder}/model.onnx`) as Uint8Array);
  const model = bindParameters(plain, feeds);
  const byName = new Map(plain.inputs.map((input, index) => [input.name, feeds[index] as Tensor]));
  const shapes = Object.fromEntries(model.inputs.map(({ name: input }) => [input, byName.get(input)?.shape ?? []]));
  const graph = verify(importModel(model, { inputs: shapes }));
  for (const variant of [graph, optimize(graph)]) {
    const results = evaluate(variant, byName);
    tensors('output').forEach((want, index) => {
      compare(want, results.get(plain.outputs[index]?.name ?? '') as Tensor);
    });
  }
}

const archive = sharedData('onnx-node-tests', 'onnx-backend-test-data-v1.17.0.tar.gz');
const list = sharedData('onnx-node-tests', 'vision-cnn-tests-v1.17.0.tsv');
if (archive === undefined || list === undefined) {
  test.skip('shared data is missing: skipped', () => undefined);
} else {
  test('the operator tests of ONNX 1.17 that concern vision pass, or are refused for a known reason', () => {
    const files = untar(gunzipSync(readFileSync(archive)));
    const names = readFileSync(list, 'utf8')
      .split('\n')
      .map((line) => line.split('\t')[0] ?? '')
      .filter(Boolean);
    const failures: string[] = [];
    let passed = 0;
    for (const name of names.filter((candidate) => !differing.has(candidate))) {
      try {
        runCase(files, name);
        passed++;
      } catch (error) {
        const known = errorCode(error) !== 'internal' && refusals.some((refusal) => refusal.test(errorMessage(error)));
        if (!known) failures.push(`${name}: ${errorMessage(error)}`);
      }
    }
    expect(failures).toEqual([]);
    expect(passed).toBeGreaterThanOrEqual(745);
  });
}
