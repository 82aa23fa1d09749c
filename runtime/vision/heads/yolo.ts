// What the YOLO family shares: how its models want their picture, and its default labels.

import { coco80, parseNames } from '../labels.js';
import type { ImageConvention, ModelFacts } from './head.js';

/**
 * RGB in 0..1, letterboxed on the grey 114 (YOLOv5, utils/augmentations.py, letterbox). Ultralytics centres a picture in a
 * square input; here it lies top left, as with YOLOX. Trained on mosaics, these models do not care where.
 */
export const yoloConvention: ImageConvention = {
  colors: 'rgb',
  mean: [0],
  std: [255],
  fit: 'letterbox',
  anchor: 'top-left',
  fill: 114,
  cropShare: 1,
};

/** Public detectors of 80 classes are trained on COCO, and most exports carry no names. */
export function cocoLabels(classCount: number): readonly string[] | undefined {
  return classCount === coco80.length ? coco80 : undefined;
}

/** How many classes Ultralytics' metadata names. */
export function namesCount(facts: ModelFacts): number | undefined {
  return parseNames(facts.metadata.get('names') ?? '')?.length;
}

/** True for the tasks of Ultralytics whose boxes are upright; `obb` turns them, and its numbers mean other things. */
export function hasUprightBoxes(facts: ModelFacts): boolean {
  const task = facts.metadata.get('task');
  return task === undefined || task === 'detect' || task === 'segment' || task === 'pose';
}
