// UltraFace (version-slim, version-RFB): f32[1,boxes,2] of background and face probabilities, f32[1,boxes,4] of decoded corners in 0..1.

import { type Candidate, type DetectHead, floats, numberOf, textOf } from './head.js';

export const ultraface: DetectHead = {
  kind: 'ultraface',
  task: 'detect',
  /** (x - 127) / 128, stretched (Linzaer's run_video_face_detect_onnx.py). */
  convention: () => ({ colors: 'rgb', mean: [127], std: [128], fit: 'stretch', anchor: 'center', fill: 0, cropShare: 1 }),
  defaultLabels: () => ['face'],
  classCount: () => 1,

  recognise(facts, size) {
    if (facts.outputs.length !== 2) return undefined;
    const scores = facts.outputs.find(({ shape }) => shape.length === 3 && shape[0] === 1 && shape[2] === 2);
    const boxes = facts.outputs.find(({ shape }) => shape.length === 3 && shape[0] === 1 && shape[2] === 4);
    if (scores === undefined || boxes === undefined || scores.shape[1] !== boxes.shape[1]) return undefined;
    return { scores: scores.name, boxes: boxes.name, count: boxes.shape[1] ?? 0, width: size.width, height: size.height };
  },

  decode(outputs, parameters, { minConfidence }) {
    const count = numberOf(parameters, 'count');
    const width = numberOf(parameters, 'width');
    const height = numberOf(parameters, 'height');
    const scores = floats(outputs, textOf(parameters, 'scores'), [1, count, 2]);
    const boxes = floats(outputs, textOf(parameters, 'boxes'), [1, count, 4]);
    const candidates: Candidate[] = [];
    for (let i = 0; i < count; i++) {
      const score = scores[2 * i + 1] as number;
      if (!(score >= minConfidence)) continue;
      candidates.push({
        score,
        class: 0,
        x1: (boxes[4 * i] as number) * width,
        y1: (boxes[4 * i + 1] as number) * height,
        x2: (boxes[4 * i + 2] as number) * width,
        y2: (boxes[4 * i + 3] as number) * height,
      });
    }
    return candidates;
  },
};
