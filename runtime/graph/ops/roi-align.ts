// Averages (or takes the largest of) samples between the pixels of regions: x [n,c,h,w], regions [r,4] as x1, y1, x2, y2, and the image
// of each, [r], to [r,c,height,width] (ONNX RoiAlign, after Mask R-CNN).

import { elementCount, isFloat, printType } from '../../core/tensor.js';
import { booleanAttribute, choiceAttribute, integerAttribute, numberAttribute } from '../attributes.js';
import { define } from '../define.js';
import type { Attributes } from '../graph.js';
import { checkIndices, wrapIndex } from '../indexing.js';
import { type Numbers, numbersOf, tensorFrom } from '../numbers.js';
import { checkedType, checkRank, refuse } from '../rules.js';

const modes = ['average', 'max'] as const;

export interface RoiAlignment {
  readonly mode: (typeof modes)[number];
  readonly height: number;
  readonly width: number;
  /** Samples along each axis of a cell. */
  readonly samples: number;
  /** Pixels of x for one unit of a region. */
  readonly scale: number;
  /** Whether a region of coordinates 0 to 1 is the first pixel, or reaches from its centre to that of the next. */
  readonly halfPixel: boolean;
}

export function roiAlignment(attributes: Attributes): RoiAlignment {
  return {
    mode: choiceAttribute(attributes, 'mode', modes),
    height: integerAttribute(attributes, 'height', 1),
    width: integerAttribute(attributes, 'width', 1),
    samples: integerAttribute(attributes, 'samples', 1),
    scale: numberAttribute(attributes, 'scale'),
    halfPixel: booleanAttribute(attributes, 'halfPixel'),
  };
}

export const roiAlign = define<[x: 1, regions: 1, images: 1]>('roi-align', [3, 3], {
  infer([x, regions, images], attributes) {
    const { height, width } = roiAlignment(attributes);
    checkRank('roi-align', 'input 0', x, 4);
    checkIndices('roi-align', images);
    const [count] = regions.shape;
    const fits = regions.shape.length === 2 && regions.shape[1] === 4 && images.shape.length === 1 && images.shape[0] === count;
    if (!fits) refuse('roi-align', `regions ${printType(regions)} of images ${printType(images)} are not [r,4] and [r]`);
    if (!isFloat(x.dtype) || !isFloat(regions.dtype))
      refuse('roi-align', `wants floats, got ${printType(x)} and ${printType(regions)}`);
    if (elementCount(x.shape) === 0) refuse('roi-align', `${printType(x)} has nothing to sample`);
    return checkedType('roi-align', x.dtype, [count ?? 0, x.shape[1] ?? 0, height, width]);
  },
  evaluate([x, regions, images], attributes, type) {
    const alignment = roiAlignment(attributes);
    const [batch = 1, channels = 1, rows = 1, columns = 1] = x.shape;
    const [values, corners] = [numbersOf(x), numbersOf(regions)];
    const results = new Float64Array(elementCount(type.shape));
    let at = 0;
    for (const [r, image] of numbersOf(images).entries()) {
      const region = Array.from(corners.subarray(4 * r, 4 * r + 4));
      for (let c = 0; c < channels; c++) {
        const plane = values.subarray((wrapIndex('roi-align', image, batch) * channels + c) * rows * columns);
        for (let y = 0; y < alignment.height; y++) {
          for (let i = 0; i < alignment.width; i++) results[at++] = cell(alignment, plane, rows, columns, region, y, i);
        }
      }
    }
    return tensorFrom(type, results);
  },
});

/** Where sample `i` of cell `cell` lies along an axis from `start` to `end` of a region. */
function placeOf(alignment: RoiAlignment, start: number, end: number, cells: number, cell: number, i: number): number {
  const { scale, halfPixel, samples } = alignment;
  const first = start * scale - (halfPixel ? 0.5 : 0);
  const length = (end - start) * scale;
  const size = (halfPixel ? length : Math.max(length, 1)) / cells;
  return first + cell * size + ((i + 0.5) * size) / samples;
}

function cell(
  alignment: RoiAlignment,
  plane: Numbers,
  rows: number,
  columns: number,
  [x1 = 0, y1 = 0, x2 = 0, y2 = 0]: readonly number[],
  row: number,
  column: number,
): number {
  const { mode, samples, height, width } = alignment;
  let [sum, max] = [0, Number.NEGATIVE_INFINITY];
  for (let iy = 0; iy < samples; iy++) {
    const y = tapsAt(placeOf(alignment, y1, y2, height, row, iy), rows);
    for (let ix = 0; ix < samples; ix++) {
      const x = tapsAt(placeOf(alignment, x1, x2, width, column, ix), columns);
      for (const [i, wy] of y) {
        for (const [j, wx] of x) {
          const term = wy * wx * (plane[i * columns + j] as number);
          sum += term;
          // The largest of the weighted pixels, not of the samples: so it is written in ONNX's reference and in onnxruntime.
          max = Math.max(max, term);
        }
      }
    }
  }
  return mode === 'max' ? max : sum / samples ** 2;
}

/** The two pixels around a position, with their shares; past one pixel outside of the axis there is nothing. */
function tapsAt(position: number, extent: number): readonly (readonly [index: number, weight: number])[] {
  if (!(position >= -1 && position <= extent))
    return [
      [0, 0],
      [0, 0],
    ];
  const inside = Math.min(Math.max(position, 0), extent - 1);
  const low = Math.floor(inside);
  const rest = inside - low;
  return [
    [low, 1 - rest],
    [Math.min(low + 1, extent - 1), rest],
  ];
}
