// Detectors that were exported with their NonMaxSuppression: what goes into it says all that onbox's own suppression needs, and what
// comes after it only gathers and reorders that. So the model ends before it, and its thresholds are kept as numbers.

import type { Tensor } from '../core/tensor.js';
import type { Graph } from '../graph/graph.js';
import { numbersOf } from '../graph/numbers.js';
import { cutModel, producersOf, reachable, tailOf } from './cut.js';
import { type ImportOptions, importModel } from './import.js';
import type { OnnxModel, OnnxNode } from './model.js';

export interface Suppression {
  /** The output [1,boxes,4]. */
  readonly boxes: string;
  /** The output [1,classes,boxes]. */
  readonly scores: string;
  /** Two opposite corners, or centre, width and height. */
  readonly form: 'corners' | 'centers';
  /** Most boxes of a class; undefined where the model does not say. */
  readonly perClass: number | undefined;
  /** Overlap above which two boxes of a class are one; undefined where it is computed from data. */
  readonly iou: number | undefined;
  /** Scores above this count; undefined where the model does not say. */
  readonly minScore: number | undefined;
}

/** Operators that move numbers and compute none. */
const moves: ReadonlySet<string> = new Set(
  'Cast Concat Flatten Gather GatherElements GatherND Identity Reshape Slice Split Squeeze Transpose Unsqueeze'.split(' '),
);

/**
 * Imports a detector up to its NonMaxSuppression. Undefined if it has none or several, or if what follows needs more than the boxes and
 * scores that go into it: then suppression works on numbers that are no boxes (as with boxes shifted by class).
 * @throws OnboxError of importModel
 */
export function importSuppressed(
  model: OnnxModel,
  options: ImportOptions,
): { readonly graph: Graph; readonly suppression: Suppression } | undefined {
  const [node, ...more] = model.nodes.filter(({ op, domain }) => op === 'NonMaxSuppression' && domain === '');
  if (node === undefined || more.length > 0 || !isPlain(model, node)) return undefined;
  const [boxes = '', scores = '', ...limits] = node.inputs;
  const producers = producersOf(model);
  const computed = limits.filter((name) => producers.has(name));
  const whole = importModel(cutModel(model, [boxes, scores, ...computed]), options);
  const limit = (index: number): number | undefined => {
    const name = limits[index] ?? '';
    if (name === '') return undefined;
    const value = whole.outputs.find((output) => output.name === name)?.value ?? name;
    const tensor: Tensor | undefined = model.initializers.get(name) ?? whole.constants.get(value);
    return tensor?.data.length === 1 ? numbersOf(tensor)[0] : undefined;
  };
  const [perClass, iou, minScore] = [limit(0), limit(1), limit(2)];
  const form = node.attributes.get('center_point_box') === 1 ? 'centers' : 'corners';
  const graph = computed.length === 0 ? whole : importModel(cutModel(model, [boxes, scores]), options);
  return { graph, suppression: { boxes, scores, form, perClass, iou: (limits[1] ?? '') === '' ? 0 : iou, minScore } };
}

/** Whether the boxes and scores are computed, and all that the tail reads is them or what they were moved from or to. */
function isPlain(model: OnnxModel, node: OnnxNode): boolean {
  const [boxes = '', scores = ''] = node.inputs;
  const producers = producersOf(model);
  const fed = reachable(model, new Set());
  if (![boxes, scores].every((name) => producers.has(name) && fed.has(name))) return false;
  const family = new Set<string>();
  const open = [boxes, scores];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (family.has(name)) continue;
    family.add(name);
    const producer = producers.get(name);
    if (producer !== undefined && moves.has(producer.op)) open.push(...producer.inputs.filter((input) => fed.has(input)));
  }
  for (const other of model.nodes) {
    const data = other.inputs.filter((name) => fed.has(name));
    if (data.length === 0 || !moves.has(other.op) || !data.every((name) => family.has(name))) continue;
    for (const name of other.outputs) family.add(name);
  }
  const limits = new Set(node.inputs.slice(2));
  return tailOf(model, [node]).frontier.every((name) => family.has(name) || limits.has(name));
}
