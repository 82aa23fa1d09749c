// The passes of the graph, in order. Each takes a graph and returns an equivalent one, or the very same object.

import type { Graph } from '../graph.js';
import { verify } from '../verify.js';
import { dropIdentities } from './drop-identities.js';
import { foldConstants } from './fold-constants.js';
import { mergeAffine } from './merge-affine.js';
import { mergeMoves } from './merge-moves.js';
import { recognizeActivations } from './recognize-activations.js';
import { separatePools } from './separate-pools.js';
import { splitBatchNorm } from './split-batch-norm.js';
import { sweep } from './sweep.js';

export interface Pass {
  readonly name: string;
  readonly run: (graph: Graph) => Graph;
}

export const passes: readonly Pass[] = [
  { name: 'sweep', run: sweep },
  { name: 'fold-constants', run: foldConstants },
  { name: 'merge-moves', run: mergeMoves },
  { name: 'drop-identities', run: dropIdentities },
  { name: 'recognize-activations', run: recognizeActivations },
  { name: 'split-batch-norm', run: splitBatchNorm },
  { name: 'merge-affine', run: mergeAffine },
  { name: 'separate-pools', run: separatePools },
];

/** Rounds end by themselves, as passes remove nodes or shrink what they find; this many are never needed. */
const roundsMax = 20;

/**
 * Runs all passes in order, round after round until none changes anything: what one removes brings others together.
 * @throws Error (a bug of onbox) naming the pass after which the graph no longer verifies
 */
export function optimize(graph: Graph): Graph {
  let before = graph;
  for (let round = 0; round < roundsMax; round++) {
    const after = passes.reduce(runPass, before);
    if (after === before) break;
    before = after;
  }
  return before;
}

function runPass(before: Graph, pass: Pass): Graph {
  const after = pass.run(before);
  if (after === before) return before;
  try {
    return verify(after);
  } catch (cause) {
    throw new Error(`onbox bug: pass ${pass.name} broke the graph`, { cause });
  }
}
