// All ONNX operators that onbox translates, by their ONNX name.

import type { Importer, Importers } from '../call.js';
import { cast } from './cast.js';
import { centerCropPad } from './center-crop-pad.js';
import { clip } from './clip.js';
import { concat } from './concat.js';
import { constant } from './constant.js';
import { conv } from './conv.js';
import { convTranspose } from './conv-transpose.js';
import { dataDependent } from './data-dependent.js';
import { depthToSpace } from './depth-to-space.js';
import { einsum } from './einsum.js';
import { elementwise } from './elementwise.js';
import { expand } from './expand.js';
import { fused } from './fused.js';
import { gather } from './gather.js';
import { gridSample } from './grid-sample.js';
import { identity } from './identity.js';
import { matmul } from './matmul.js';
import { normalization } from './normalization.js';
import { oneHot } from './one-hot.js';
import { pad } from './pad.js';
import { pool } from './pool.js';
import { microsoft, quantize } from './quantize.js';
import { recurrence } from './recurrence.js';
import { reduce } from './reduce.js';
import { reshape } from './reshape.js';
import { resize } from './resize.js';
import { slice } from './slice.js';
import { softmax } from './softmax.js';
import { split } from './split.js';
import { topK } from './top-k.js';
import { transpose } from './transpose.js';
import { trilu } from './trilu.js';

export const importers: Importers = {
  ...cast,
  ...centerCropPad,
  ...clip,
  ...constant,
  ...conv,
  ...convTranspose,
  ...einsum,
  ...elementwise,
  ...gather,
  ...gridSample,
  ...identity,
  ...concat,
  ...dataDependent,
  ...depthToSpace,
  ...expand,
  ...split,
  ...topK,
  ...transpose,
  ...trilu,
  ...matmul,
  ...normalization,
  ...oneHot,
  ...pad,
  ...pool,
  ...quantize,
  ...recurrence,
  ...reduce,
  ...reshape,
  ...resize,
  ...slice,
  ...softmax,
};

/** Of the domain com.microsoft. */
export const microsoftImporters: Importers = { ...microsoft, ...fused };

const domains: ReadonlyMap<string, Importers> = new Map([
  ['', importers],
  ['com.microsoft', microsoftImporters],
]);

/** What translates an operator of a domain, undefined if onbox lacks it. */
export function importerOf({ op, domain }: { readonly op: string; readonly domain: string }): Importer | undefined {
  const known = domains.get(domain);
  return known !== undefined && Object.hasOwn(known, op) ? known[op] : undefined;
}
