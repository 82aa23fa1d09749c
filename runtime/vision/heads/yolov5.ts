// YOLOv5 with its decoded output f32[1,anchors,5+classes]: cx, cy, w, h in pixels, objectness, class scores. Three boxes a cell.
// Exports often add the three raw maps; the decoded output says it all.

import { stridesFor } from './grid.js';
import { type Candidate, type DetectHead, floats, numberOf, textOf } from './head.js';
import { cocoLabels, hasUprightBoxes, yoloConvention } from './yolo.js';

const anchorsPerCell = 3;

export const yolov5: DetectHead = {
  kind: 'yolov5',
  task: 'detect',
  convention: () => yoloConvention,
  defaultLabels: cocoLabels,
  classCount: (parameters) => numberOf(parameters, 'classes'),

  recognise(facts, size) {
    if (!hasUprightBoxes(facts)) return undefined;
    for (const { name, shape } of facts.outputs) {
      const [batch, anchors = 0, values = 0] = shape;
      if (shape.length !== 3 || batch !== 1 || values < 6) continue;
      if (stridesFor(size, anchors, anchorsPerCell) === undefined) continue;
      return { output: name, anchors, classes: values - 5 };
    }
    return undefined;
  },

  decode(outputs, parameters, { minConfidence }) {
    const anchors = numberOf(parameters, 'anchors');
    const classes = numberOf(parameters, 'classes');
    const width = 5 + classes;
    const data = floats(outputs, textOf(parameters, 'output'), [1, anchors, width]);
    const candidates: Candidate[] = [];
    for (let at = 0; at < data.length; at += width) {
      const objectness = data[at + 4] as number;
      // A class score is at most 1, so most anchors are done after one read.
      if (!(objectness >= minConfidence)) continue;
      let best = 0;
      for (let c = 1; c < classes; c++) if ((data[at + 5 + c] as number) > (data[at + 5 + best] as number)) best = c;
      const score = objectness * (data[at + 5 + best] as number);
      if (!(score >= minConfidence)) continue;
      const x = data[at] as number;
      const y = data[at + 1] as number;
      const halfWidth = (data[at + 2] as number) / 2;
      const halfHeight = (data[at + 3] as number) / 2;
      candidates.push({ score, class: best, x1: x - halfWidth, y1: y - halfHeight, x2: x + halfWidth, y2: y + halfHeight });
    }
    return candidates;
  },
};
