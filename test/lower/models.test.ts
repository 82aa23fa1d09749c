// The operators of real models in their real shapes: every node lowers to a program that holds, in the layouts that the compiler chooses, or
// has a routine of the addon.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { elementCount, type Tensor, type TensorType, tensorOf } from '../../runtime/core/tensor.js';
import type { Graph } from '../../runtime/graph/graph.js';
import { fuse } from '../../runtime/graph/passes/fuse.js';
import { optimize } from '../../runtime/graph/passes/index.js';
import { chooseLayouts } from '../../runtime/graph/passes/layout.js';
import { verifyProgram } from '../../runtime/loop/verify.js';
import { isHosted } from '../../runtime/lower/host.js';
import { lowerNode } from '../../runtime/lower/lower.js';
import { hasLowering } from '../../runtime/lower/ops/index.js';
import { importModel, unsupported } from '../../runtime/onnx/import.js';
import { readModel } from '../../runtime/onnx/read.js';
import { sharedData } from '../support/data.js';
import { distanceFromReference } from './harness.js';

const folder = sharedData('models');
if (folder === undefined) {
  test.skip('shared data is missing: skipped', () => {});
} else {
  const models = readdirSync(folder)
    .filter((file) => file.endsWith('.onnx'))
    .map((file) => ({ file, model: readModel(readFileSync(join(folder, file))) }))
    .filter(({ model }) => unsupported(model).length === 0);

  test.each(models)('$file has only operators that can be computed, and their programs hold', ({ file, model }) => {
    const graph = optimize(importModel(model, file.includes('dynamic') ? { inputs: { images: [1, 3, 320, 320] } } : {}));
    const missing = graph.nodes.filter(({ op }) => !hasLowering(op) && !isHosted(op)).map(({ op }) => op);
    expect([...new Set(missing)]).toEqual([]);
    expect(programsOf(graph)).toBeGreaterThan(0);
    expect(programsOf(chooseLayouts(fuse(graph), 8))).toBeGreaterThan(0);
  });

  test('mnist, fused and laid out, computes what the reference of every operator does', () => {
    const { model } = models.find(({ file }) => file === 'mnist.onnx') as (typeof models)[number];
    const graph = chooseLayouts(fuse(optimize(importModel(model))), 4);
    const feeds = new Map(graph.inputs.map((input) => [input, picture(graph.types.get(input) as TensorType)]));
    expect(distanceFromReference(graph, feeds)).toBeLessThan(1e-4);
  });
}

function picture({ dtype, shape }: TensorType): Tensor {
  return tensorOf(
    dtype,
    shape,
    Array.from({ length: elementCount(shape) }, (_, i) => Math.sin(i * 0.7) * Math.cos(i / 31)),
  );
}

/** How many valid programs a graph has. */
function programsOf(graph: Graph): number {
  const lowered = graph.nodes.filter(({ op }) => !isHosted(op)).flatMap((node) => lowerNode(graph, node));
  return lowered.map(({ program }) => verifyProgram(program)).length;
}
