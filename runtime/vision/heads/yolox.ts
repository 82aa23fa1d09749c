// YOLOX, raw: f32[1,cells,5+classes] where a box is (xy + cell) * stride and exp(wh) * stride, and objectness and class scores are
// already sigmoids (Megvii's demo/ONNXRuntime, demo_postprocess). One box a cell.

import { levelsOf, stridesFor } from './grid.js';
import { type Candidate, type DetectHead, floats, numberOf, numbersOf, textOf } from './head.js';
import { cocoLabels, namesCount } from './yolo.js';

export const yolox: DetectHead = {
  kind: 'yolox',
  task: 'detect',
  /** Since its version 0.1.1: BGR in 0..255 as OpenCV reads it, on grey 114, top left. */
  convention: () => ({ colors: 'bgr', mean: [0], std: [1], fit: 'letterbox', anchor: 'top-left', fill: 114, cropShare: 1 }),
  defaultLabels: cocoLabels,
  classCount: (parameters) => numberOf(parameters, 'classes'),

  recognise(facts, size) {
    for (const { name, shape } of facts.outputs) {
      const [batch, cells = 0, values = 0] = shape;
      if (shape.length !== 3 || batch !== 1 || values < 6) continue;
      const strides = stridesFor(size, cells, 1);
      if (strides === undefined) continue;
      if ((namesCount(facts) ?? values - 5) !== values - 5) continue;
      return { output: name, classes: values - 5, width: size.width, height: size.height, strides };
    }
    return undefined;
  },

  decode(outputs, parameters, { minConfidence }) {
    const classes = numberOf(parameters, 'classes');
    const values = 5 + classes;
    const size = { width: numberOf(parameters, 'width'), height: numberOf(parameters, 'height') };
    const levels = levelsOf(size, numbersOf(parameters, 'strides'));
    const cells = levels.reduce((sum, { columns, rows }) => sum + columns * rows, 0);
    const data = floats(outputs, textOf(parameters, 'output'), [1, cells, values]);
    const candidates: Candidate[] = [];
    let at = 0;
    for (const { stride, columns, rows } of levels) {
      for (let row = 0; row < rows; row++) {
        for (let column = 0; column < columns; column++, at += values) {
          const objectness = data[at + 4] as number;
          if (!(objectness >= minConfidence)) continue;
          let best = 0;
          for (let c = 1; c < classes; c++) if ((data[at + 5 + c] as number) > (data[at + 5 + best] as number)) best = c;
          const score = objectness * (data[at + 5 + best] as number);
          if (!(score >= minConfidence)) continue;
          const x = ((data[at] as number) + column) * stride;
          const y = ((data[at + 1] as number) + row) * stride;
          const halfWidth = (Math.exp(data[at + 2] as number) * stride) / 2;
          const halfHeight = (Math.exp(data[at + 3] as number) * stride) / 2;
          candidates.push({ score, class: best, x1: x - halfWidth, y1: y - halfHeight, x2: x + halfWidth, y2: y + halfHeight });
        }
      }
    }
    return candidates;
  },
};
