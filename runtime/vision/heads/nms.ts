// Detectors that were exported with their NonMaxSuppression and end before it here: f32[1,boxes,4] and f32[1,classes,boxes], as that
// operator takes them. A box may be found as several classes. What the graph does not say, the boxes themselves tell: they are of
// every anchor, in the order of the grid.

import { type Candidate, type DetectHead, floats, numberOf, textOf } from './head.js';
import { cocoLabels, yoloConvention } from './yolo.js';

export const nms: DetectHead = {
  kind: 'nms',
  task: 'detect',
  convention: () => yoloConvention,
  defaultLabels: cocoLabels,
  classCount: (parameters) => numberOf(parameters, 'classes'),

  recognise({ suppression, outputs }, { width, height }) {
    if (suppression === undefined) return undefined;
    const { boxes, scores, form, perClass, iou, minScore } = suppression;
    const shapeOf = (name: string) => outputs.find((output) => output.name === name)?.shape ?? [];
    const [batch, count = 0, four, ...more] = shapeOf(boxes);
    const [scoresBatch, classes = 0, scored, ...others] = shapeOf(scores);
    if (batch !== 1 || scoresBatch !== 1 || four !== 4 || scored !== count || more.length + others.length > 0) return undefined;
    return {
      ...{ boxes, scores, form, count, classes, width, height },
      ...(iou === undefined ? {} : { iou }),
      ...(minScore === undefined ? {} : { minConfidence: minScore }),
      ...(perClass === undefined ? {} : { perClass }),
    };
  },

  decode(outputs, parameters, { minConfidence }) {
    const count = numberOf(parameters, 'count');
    const classes = numberOf(parameters, 'classes');
    const boxes = floats(outputs, textOf(parameters, 'boxes'), [1, count, 4]);
    const scores = floats(outputs, textOf(parameters, 'scores'), [1, classes, count]);
    const corners = cornersOf(boxes, textOf(parameters, 'form') === 'centers');
    const isShare = isNormalised(boxes);
    const scaleX = isShare ? numberOf(parameters, 'width') : 1;
    const scaleY = isShare ? numberOf(parameters, 'height') : 1;
    const candidates: Candidate[] = [];
    for (let at = 0; at < scores.length; at++) {
      const score = scores[at] as number;
      if (!(score >= minConfidence)) continue;
      const [x1, y1, x2, y2] = corners(at % count);
      const box = { x1: x1 * scaleX, y1: y1 * scaleY, x2: x2 * scaleX, y2: y2 * scaleY };
      candidates.push({ score, class: Math.floor(at / count), ...box });
    }
    return candidates;
  },
};

type Corners = readonly [x1: number, y1: number, x2: number, y2: number];

/** Reads box `i` as left, top, right, bottom. */
function cornersOf(boxes: Float32Array, areCenters: boolean): (i: number) => Corners {
  const at = (i: number, k: number) => boxes[4 * i + k] as number;
  if (areCenters) {
    return (i) => {
      const [x, y, halfWidth, halfHeight] = [at(i, 0), at(i, 1), at(i, 2) / 2, at(i, 3) / 2];
      return [x - halfWidth, y - halfHeight, x + halfWidth, y + halfHeight];
    };
  }
  // The operator takes any two opposite corners.
  const [x, y] = isYFirst(boxes) ? [1, 0] : [0, 1];
  return (i) => [
    Math.min(at(i, x), at(i, x + 2)),
    Math.min(at(i, y), at(i, y + 2)),
    Math.max(at(i, x), at(i, x + 2)),
    Math.max(at(i, y), at(i, y + 2)),
  ];
}

/** Coordinates of a picture of a few pixels would be no larger, but no detector looks at such. */
const shareMax = 4;

function isNormalised(boxes: Float32Array): boolean {
  return boxes.every((value) => Math.abs(value) <= shareMax);
}

/** Steps between boxes of neighbouring cells in one row: as many anchors as a cell may have. */
const anchorsMax = 9;
/** Boxes whose steps are looked at: some rows of the finest grid. */
const steppedBoxes = 1024;

/**
 * Whether a corner is y, x, as ONNX describes it, or x, y, as PyTorch's exporters have it; overlaps are the same either way, so graphs do
 * not say. Cells lie row by row, so from one to the next the centre moves along x. Where boxes lie in no such order (a graph may pick
 * the best first), shares are y first, as TensorFlow has them, and pixels x first.
 */
function isYFirst(boxes: Float32Array): boolean {
  const count = Math.min(steppedBoxes, boxes.length / 4);
  for (let lag = 1; lag <= anchorsMax && lag < count; lag++) {
    const first = Math.abs(medianStep(boxes, count, lag, 0));
    const second = Math.abs(medianStep(boxes, count, lag, 1));
    if (Math.max(first, second) > 4 * Math.min(first, second) && Math.max(first, second) > 0) return second > first;
  }
  return isNormalised(boxes);
}

/** By how much the middle of boxes grows along an axis from each to the `lag`th after it; the median, which row ends do not touch. */
function medianStep(boxes: Float32Array, count: number, lag: number, axis: number): number {
  const middle = (i: number) => ((boxes[4 * i + axis] as number) + (boxes[4 * i + axis + 2] as number)) / 2;
  const steps = Float64Array.from({ length: count - lag }, (_, i) => middle(i + lag) - middle(i)).sort();
  return steps[steps.length >> 1] ?? 0;
}
