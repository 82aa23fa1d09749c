// Of boxes that overlap, the best of each class: rows of image, class and box, and how many there are. Rows past those are zeros.

import { type Tensor, type TensorType, tensorOf } from '../../core/tensor.js';
import { booleanAttribute, integerAttribute, numberAttribute } from '../attributes.js';
import type { Attributes, OpDefinition } from '../graph.js';
import { type Numbers, numbersOf } from '../numbers.js';
import { checkCount, checkedType, checkFloats, checkRank, refuse, required } from '../rules.js';

const kind = 'non-max-suppression';

/** Inputs: boxes [images,boxes,4] and scores [images,classes,boxes]. Outputs: i64 [most,3] and i64 [1]. */
export const nonMaxSuppression: OpDefinition = {
  kind,
  infer(inputs, attributes) {
    checkCount(kind, inputs, 2);
    const boxes = required<TensorType>(kind, inputs, 0);
    const scores = required<TensorType>(kind, inputs, 1);
    checkFloats(kind, inputs);
    checkRank(kind, 'boxes', boxes, 3);
    checkRank(kind, 'scores', scores, 3);
    const [images = 0, classes = 0, count = 0] = scores.shape;
    if (boxes.shape.join() !== [images, count, 4].join())
      refuse(kind, `boxes want the shape [${images},${count},4], got [${boxes.shape}]`);
    numberAttribute(attributes, 'iou');
    numberAttribute(attributes, 'minScore');
    booleanAttribute(attributes, 'centers');
    const perClass = integerAttribute(attributes, 'perClass', 0);
    return [
      checkedType(kind, 'i64', [Math.max(1, images * classes * Math.min(perClass, count)), 3]),
      checkedType(kind, 'i64', [1]),
    ];
  },
  evaluate(inputs, attributes, [type]) {
    const scores = required<Tensor>(kind, inputs, 1);
    const [images = 0, classes = 0, count = 0] = scores.shape;
    const [corners, values] = [numbersOf(required<Tensor>(kind, inputs, 0)), numbersOf(scores)];
    const rows: number[] = [];
    for (let image = 0; image < images; image++) {
      for (let klass = 0; klass < classes; klass++) {
        const start = (image * classes + klass) * count;
        const boxes = { corners: corners.subarray(image * count * 4), scores: values.subarray(start, start + count) };
        for (const box of bestOf(boxes, attributes)) rows.push(image, klass, box);
      }
    }
    return [tensorOf('i64', type?.shape ?? [], rows), tensorOf('i64', [1], [rows.length / 3])];
  },
};

/** The boxes of one class, the best first; of equal scores the first box comes first. */
function bestOf({ corners, scores }: { corners: Numbers; scores: Numbers }, attributes: Attributes): number[] {
  const [perClass, iou] = [integerAttribute(attributes, 'perClass'), numberAttribute(attributes, 'iou')];
  const minScore = numberAttribute(attributes, 'minScore');
  const isCenters = booleanAttribute(attributes, 'centers');
  const score = (box: number) => scores[box] as number;
  const order = Array.from(scores, (_, box) => box).filter((box) => score(box) > minScore);
  order.sort((a, b) => score(b) - score(a) || a - b);
  const kept: number[] = [];
  const edges = (box: number) => edgesOf(corners.subarray(box * 4, box * 4 + 4), isCenters);
  for (const box of order) {
    if (kept.length === perClass) break;
    if (kept.every((other) => overlap(edges(other), edges(box)) <= iou)) kept.push(box);
  }
  return kept;
}

type Edges = readonly [low: number, left: number, high: number, right: number];

/** From two opposite corners in either order, or from centre and size. */
function edgesOf([a = 0, b = 0, c = 0, d = 0]: ArrayLike<number> & Iterable<number>, isCenters: boolean): Edges {
  const f32 = Math.fround;
  if (isCenters) return [f32(b - d / 2), f32(a - c / 2), f32(b + d / 2), f32(a + c / 2)];
  return [Math.min(a, c), Math.min(b, d), Math.max(a, c), Math.max(b, d)];
}

/** Intersection over union, in f32 as the addon does, so that both decide alike. */
function overlap(a: Edges, b: Edges): number {
  const f32 = Math.fround;
  const area = ([low, left, high, right]: Edges) => f32(f32(high - low) * f32(right - left));
  const height = f32(Math.min(a[2], b[2]) - Math.max(a[0], b[0]));
  const width = f32(Math.min(a[3], b[3]) - Math.max(a[1], b[1]));
  if (!(height > 0 && width > 0)) return 0;
  const shared = f32(height * width);
  return f32(shared / f32(f32(area(a) + area(b)) - shared));
}
