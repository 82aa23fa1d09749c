// YOLOv8, YOLO11 and YOLOv5u: f32[1,4+classes,cells], so cx, cy, w, h in pixels and each class's scores are rows as long as the grid.
// What segmentation and pose models append below the class rows is not read.

import { stridesFor } from './grid.js';
import { type Candidate, type DetectHead, floats, type ModelFacts, numberOf, textOf } from './head.js';
import { cocoLabels, hasUprightBoxes, namesCount, yoloConvention } from './yolo.js';

export const yolov8: DetectHead = {
  kind: 'yolov8',
  task: 'detect',
  convention: () => yoloConvention,
  defaultLabels: cocoLabels,
  classCount: (parameters) => numberOf(parameters, 'classes'),

  recognise(facts, size) {
    if (!hasUprightBoxes(facts)) return undefined;
    for (const { name, shape } of facts.outputs) {
      const [batch, rows = 0, cells = 0] = shape;
      if (shape.length !== 3 || batch !== 1 || rows < 5) continue;
      if (stridesFor(size, cells, 1) === undefined) continue;
      return { output: name, rows, cells, classes: classRows(facts, rows - 4) };
    }
    return undefined;
  },

  decode(outputs, parameters, { minConfidence }) {
    const cells = numberOf(parameters, 'cells');
    const classes = numberOf(parameters, 'classes');
    const rows = numberOf(parameters, 'rows');
    const data = floats(outputs, textOf(parameters, 'output'), [1, rows, cells]);
    const { best, scores } = bestClasses(data, cells, classes);
    const candidates: Candidate[] = [];
    for (let i = 0; i < cells; i++) {
      const score = scores[i] as number;
      if (!(score >= minConfidence)) continue;
      const x = data[i] as number;
      const y = data[cells + i] as number;
      const halfWidth = (data[2 * cells + i] as number) / 2;
      const halfHeight = (data[3 * cells + i] as number) / 2;
      const index = best[i] as number;
      candidates.push({ score, class: index, x1: x - halfWidth, y1: y - halfHeight, x2: x + halfWidth, y2: y + halfHeight });
    }
    return candidates;
  },
};

/** The best class of each cell and its score, in one pass over memory in its order: row after row, never down a column. */
function bestClasses(data: Float32Array, cells: number, classes: number): { best: Uint16Array; scores: Float32Array } {
  const best = new Uint16Array(cells);
  const scores = data.slice(4 * cells, 5 * cells);
  for (let c = 1; c < classes; c++) {
    const row = (4 + c) * cells;
    for (let i = 0; i < cells; i++) {
      const score = data[row + i] as number;
      if (score > (scores[i] as number)) {
        scores[i] = score;
        best[i] = c;
      }
    }
  }
  return { best, scores };
}

/** Of `rows` below the box, those that are class scores: as many as Ultralytics' metadata has names. */
function classRows(facts: ModelFacts, rows: number): number {
  const count = namesCount(facts) ?? rows;
  return count >= 1 && count <= rows ? count : rows;
}
