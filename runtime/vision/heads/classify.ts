// Classification: one f32[1,classes] (or [1,classes,1,1]) of logits, log-probabilities or probabilities. Which of them, the operator
// that ends the graph tells.

import type { Graph, Node } from '../../graph/graph.js';
import { type ClassifyHead, floats, type ImageConvention, type ModelFacts, numberOf, textOf } from './head.js';

/** torchvision's and most others': RGB, the middle 7/8 of the short side. */
const imagenet: ImageConvention = {
  colors: 'rgb',
  mean: [0.485 * 255, 0.456 * 255, 0.406 * 255],
  std: [0.229 * 255, 0.224 * 255, 0.225 * 255],
  fit: 'crop',
  anchor: 'center',
  fill: 0,
  cropShare: 0.875,
};

/** Pictures as small as CIFAR's hold one thing from edge to edge: nothing is cut off. */
const smallSideMax = 64;

export const classify: ClassifyHead = {
  kind: 'classify',
  task: 'classify',

  convention(facts, input) {
    // ultralytics/data/augment.py, classify_transforms: 0..1, the whole shorter side.
    if (facts.metadata.get('task') === 'classify') return { ...imagenet, mean: [0], std: [255], cropShare: 1 };
    // One channel means digits and the like (MNIST), which are fed as they are.
    if (input.channels === 1) return { ...imagenet, colors: 'gray', mean: [0], std: [1], fit: 'stretch' };
    if (Math.max(input.width, input.height) <= smallSideMax) return { ...imagenet, fit: 'stretch' };
    // Inputs of 224 and 227 (AlexNet, SqueezeNet) are both cut out of 256.
    const side = Math.min(input.width, input.height);
    return side >= 224 && side < 256 ? { ...imagenet, cropShare: side / 256 } : imagenet;
  },

  recognise(facts) {
    const [output, ...more] = facts.outputs;
    if (output === undefined || more.length > 0 || output.dtype !== 'f32') return undefined;
    const [batch, classes = 0, ...spatial] = output.shape;
    if (batch !== 1 || classes < 2 || !spatial.every((extent) => extent === 1)) return undefined;
    return { output: output.name, classes, scores: scoreKind(facts, output.name) };
  },

  classCount: (parameters) => numberOf(parameters, 'classes'),

  probabilities(outputs, parameters) {
    const scores = floats(outputs, textOf(parameters, 'output'), [1, numberOf(parameters, 'classes')]);
    switch (textOf(parameters, 'scores')) {
      case 'probabilities':
        return scores.slice();
      case 'log-probabilities':
        return scores.map((score) => Math.exp(score));
      default:
        return softmax(scores);
    }
  },
};

/** Softmax in f64, stored as f32. */
function softmax(logits: Float32Array): Float32Array {
  const max = logits.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const sum = logits.reduce((total, logit) => total + Math.exp(logit - max), 0);
  return logits.map((logit) => Math.exp(logit - max) / sum);
}

function scoreKind(facts: ModelFacts, output: string): 'logits' | 'log-probabilities' | 'probabilities' {
  switch (facts.graph === undefined ? undefined : lastOperator(facts.graph, output)) {
    case 'softmax':
    case 'sigmoid':
      return 'probabilities';
    case 'log-softmax':
      return 'log-probabilities';
    default:
      return 'logits';
  }
}

const reshaping = new Set(['reshape', 'transpose', 'cast']);

/** The operator that computes an output, past those that only move its numbers. */
function lastOperator(graph: Graph, output: string): string | undefined {
  const producers = new Map<string, Node>();
  for (const node of graph.nodes) {
    for (const inner of node.body ?? [node]) for (const value of inner.outputs) producers.set(value, inner);
  }
  let value = graph.outputs.find(({ name }) => name === output)?.value;
  // Values are assigned once, so this walk cannot circle; the bound holds even for a graph that was never verified.
  for (let steps = 0; value !== undefined && steps <= graph.nodes.length; steps++) {
    const producer = producers.get(value);
    if (producer === undefined || !reshaping.has(producer.op)) return producer?.op;
    value = producer.inputs[0];
  }
  return undefined;
}
