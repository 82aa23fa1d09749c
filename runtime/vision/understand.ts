// What a compile and an inspection ask of a model: its graph, as much of it as is compiled, and what its pictures and answers mean.
// Detectors often end in a part that gives as many boxes as there are in the picture. Shapes are static here, so such a model is cut
// where one of onbox's heads can read on: before its NonMaxSuppression, or else at the last value that all of it depends on.

import { errorCode, OnboxError } from '../core/error.js';
import type { Shape, TensorType } from '../core/tensor.js';
import type { Graph } from '../graph/graph.js';
import { shownOutputs } from '../graph/open.js';
import { widenHalves } from '../graph/passes/widen-halves.js';
import type { VisionSpec } from '../module/manifest.js';
import { cutModel, reachable, tailOf } from '../onnx/cut.js';
import { type ImportOptions, importModel, untranslatable } from '../onnx/import.js';
import type { OnnxModel, OnnxNode } from '../onnx/model.js';
import { importSuppressed, type Suppression } from '../onnx/suppression.js';
import { describe } from './describe.js';
import type { ModelFacts } from './heads/head.js';
import { headOf } from './heads/index.js';
import type { Overrides } from './sidecar.js';
import { shapesToTry } from './sizes.js';

export interface UnderstandOptions extends Overrides {
  /** Shapes of inputs whose dimensions the model leaves open. */
  readonly inputs?: Readonly<Record<string, Shape>>;
  /** Values to end the model at, instead of its own outputs. */
  readonly cut?: readonly string[];
}

export interface Understanding {
  readonly graph: Graph;
  readonly spec: VisionSpec;
  /** The values that the model was cut at on its own account; empty where it is whole, or ends where `options.cut` says. */
  readonly ends: readonly string[];
}

/** Values before a tail that are held against the heads. */
const endsTriedMax = 64;

/**
 * Where the model leaves the size of its picture open and `options` do not say it, the first of the usual sizes that makes a detector of
 * it is taken, else the first that makes a classifier, else the first that the graph takes at all.
 * @throws OnboxError of cutModel, importModel and describe; with several sizes that of the first
 */
export function understand(model: OnnxModel, { inputs = {}, cut, ...overrides }: UnderstandOptions): Understanding {
  const ended = cut === undefined ? model : cutModel(model, cut);
  const [first = inputs, ...more] = shapesToTry(ended, inputs);
  if (more.length === 0) return understandAt(ended, first, overrides);
  let largest: Understanding | undefined;
  let failure: unknown;
  for (const shapes of [first, ...more]) {
    try {
      const reading = understandAt(ended, shapes, overrides);
      if (reading.spec.task === 'detect') return reading;
      // A classifier that averages over the picture takes any size; the second is what such are trained on.
      if (shapes !== first) return reading.spec.task === 'classify' ? reading : (largest ?? reading);
      largest = reading;
    } catch (error) {
      if (!['op-invalid', 'head-mismatch'].includes(errorCode(error))) throw error;
      if (largest !== undefined) return largest;
      failure ??= error;
    }
  }
  throw failure;
}

/** Operators that give as much as the data says. */
const choosers: ReadonlySet<string> = new Set(['Compress', 'NonMaxSuppression', 'NonZero']);

function understandAt(model: OnnxModel, inputs: Readonly<Record<string, Shape>>, overrides: Overrides): Understanding {
  const describeGraph = (whole: Graph, ends: readonly string[], suppression?: Suppression): Understanding => {
    const graph = widenHalves(whole);
    return { graph, spec: describe(factsOf(graph, model.metadata, suppression), overrides), ends };
  };
  const suppressed = importSuppressed(model, { inputs });
  if (suppressed !== undefined) {
    const { boxes, scores } = suppressed.suppression;
    const found = describeGraph(suppressed.graph, [boxes, scores], suppressed.suppression);
    if (found.spec.head?.kind === 'nms') return found;
  }
  const cutBefore = (roots: readonly OnnxNode[]): Understanding | undefined => {
    const end = roots.length > 0 ? lastReadable(model, roots, { inputs }, overrides) : undefined;
    return end === undefined ? undefined : describeGraph(importModel(cutModel(model, [end]), { inputs }), [end]);
  };
  try {
    const whole = describeGraph(importModel(model, { inputs }), []);
    if (whole.spec.head !== undefined) return whole;
    // What is left of boxes that were chosen is read by no head; what they were chosen from may be.
    return cutBefore(model.nodes.filter(({ op, domain }) => choosers.has(op) && domain === '')) ?? whole;
  } catch (error) {
    const cut = cutBefore(rootsOf(model, error));
    if (cut === undefined) throw error;
    return cut;
  }
}

/** The nodes at which an import ended, where a cut before them may help. */
function rootsOf(model: OnnxModel, error: unknown): OnnxNode[] {
  const missing = untranslatable(model);
  if (errorCode(error) === 'unsupported-operators') return missing;
  if (!(error instanceof OnboxError) || error.code !== 'shape-data-dependent') return [];
  const node = model.nodes[Number(error.details?.['node'])];
  return node === undefined ? [] : [...missing, node];
}

/** The last value that everything onbox cannot translate depends on, and that a head can read. */
function lastReadable(
  model: OnnxModel,
  roots: readonly OnnxNode[],
  options: ImportOptions,
  overrides: Overrides,
): string | undefined {
  const { nodes, frontier } = tailOf(model, roots);
  const ends = model.nodes
    .filter((node) => !nodes.has(node))
    .flatMap(({ outputs }) => outputs)
    .slice(-endsTriedMax)
    .reverse()
    .filter((end) => leadsToAll(model, end, frontier));
  if (ends.length === 0) return undefined;
  const graph = widenHalves(importModel(cutModel(model, ends), options));
  const { outputs, ...facts } = factsOf(graph, model.metadata);
  return ends.find((end) => {
    const only = outputs.filter(({ name }) => name === end);
    const head = headFor({ ...facts, outputs: only }, overrides);
    return head !== undefined && headOf(head).task === (overrides.task ?? 'detect');
  });
}

/** Whether no way from the model's inputs to `targets` leads around `value`. */
function leadsToAll(model: OnnxModel, value: string, targets: readonly string[]): boolean {
  const around = reachable(model, new Set([value]));
  return value !== '' && !targets.some((target) => around.has(target));
}

function headFor(facts: ModelFacts, overrides: Overrides): string | undefined {
  try {
    return describe(facts, overrides).head?.kind;
  } catch (error) {
    if (errorCode(error) === 'head-mismatch') return undefined;
    throw error;
  }
}

/** What `describe` wants to know of an imported model. */
function factsOf(graph: Graph, metadata: OnnxModel['metadata'], suppression?: Suppression): ModelFacts {
  const typeOf = (value: string): TensorType => graph.types.get(value) ?? { dtype: 'f32', shape: [] };
  return {
    inputs: graph.inputs.map((name) => ({ name, ...typeOf(name) })),
    outputs: shownOutputs(graph).map(({ name, value }) => ({ name, ...typeOf(value) })),
    metadata,
    graph,
    ...(suppression === undefined ? {} : { suppression }),
  };
}
