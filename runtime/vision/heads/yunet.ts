// YuNet: per stride the outputs cls_S, obj_S [1,cells,1], bbox_S [1,cells,4] and kps_S [1,cells,10]. The score is the geometric mean of
// class and objectness, a box (x+dx, y+dy, exp w, exp h) * stride, and the landmarks are right eye, left eye, nose, right and left mouth
// corner (OpenCV, modules/objdetect/src/face_detect.cpp).

import { type Level, levelsOf } from './grid.js';
import { type Candidate, type DetectHead, floats, type InputSize, numberOf, numbersOf, type Outputs } from './head.js';

const strides = [8, 16, 32];
const landmarkCount = 5;
const widths = { cls: 1, obj: 1, bbox: 4, kps: 2 * landmarkCount };

export const yunet: DetectHead = {
  kind: 'yunet',
  task: 'detect',
  /** BGR in 0..255, on black. */
  convention: () => ({ colors: 'bgr', mean: [0], std: [1], fit: 'letterbox', anchor: 'top-left', fill: 0, cropShare: 1 }),
  defaultLabels: () => ['face'],
  classCount: () => 1,

  recognise(facts, size) {
    for (const { stride, columns, rows } of levelsOf(size, strides)) {
      for (const [part, width] of Object.entries(widths)) {
        const shape = facts.outputs.find(({ name }) => name === `${part}_${stride}`)?.shape ?? [];
        if (shape.length !== 3 || shape[0] !== 1 || shape[1] !== columns * rows || shape[2] !== width) return undefined;
      }
    }
    return { width: size.width, height: size.height, strides };
  },

  decode(outputs, parameters, { minConfidence }) {
    const size: InputSize = { width: numberOf(parameters, 'width'), height: numberOf(parameters, 'height') };
    const candidates: Candidate[] = [];
    for (const level of levelsOf(size, numbersOf(parameters, 'strides')))
      decodeLevel(level, outputs, minConfidence, candidates);
    return candidates;
  },
};

function decodeLevel({ stride, columns, rows }: Level, outputs: Outputs, minConfidence: number, candidates: Candidate[]): void {
  const cells = columns * rows;
  const part = (name: keyof typeof widths) => floats(outputs, `${name}_${stride}`, [1, cells, widths[name]]);
  const classes = part('cls');
  const objectness = part('obj');
  const boxes = part('bbox');
  const points = part('kps');
  for (let cell = 0; cell < cells; cell++) {
    const score = Math.sqrt(unit(classes[cell] as number) * unit(objectness[cell] as number));
    if (!(score >= minConfidence)) continue;
    const column = cell % columns;
    const row = Math.floor(cell / columns);
    const x = (column + (boxes[4 * cell] as number)) * stride;
    const y = (row + (boxes[4 * cell + 1] as number)) * stride;
    const halfWidth = (Math.exp(boxes[4 * cell + 2] as number) * stride) / 2;
    const halfHeight = (Math.exp(boxes[4 * cell + 3] as number) * stride) / 2;
    const landmarks: number[] = [];
    for (let i = 0; i < 2 * landmarkCount; i += 2) {
      landmarks.push(
        (column + (points[10 * cell + i] as number)) * stride,
        (row + (points[10 * cell + i + 1] as number)) * stride,
      );
    }
    candidates.push({
      score,
      class: 0,
      x1: x - halfWidth,
      y1: y - halfHeight,
      x2: x + halfWidth,
      y2: y + halfHeight,
      landmarks,
    });
  }
}

function unit(value: number): number {
  return Math.min(Math.max(value, 0), 1);
}
