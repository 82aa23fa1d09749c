// Runs the tracker over MOT detections, as a stream would: frame after frame, at the times of the camera.

import { createTracker } from '../../../runtime/track/tracker.js';
import type { DetectedObject } from '../../../runtime/vision/boxes.js';
import { byFrame, type MotLine } from './mot.js';

/** The detection of a line; a score above 1 is a certain one, one below 0 an impossible one. */
function objectOf({ box, score, class: kind }: MotLine): DetectedObject {
  return { label: 'person', class: kind, confidence: Math.min(1, Math.max(0, score)), box };
}

/** What the tracker makes of detections, with the one set of parameters that it has. */
export function follow(detections: readonly MotLine[], framesPerS: number): MotLine[] {
  const tracker = createTracker();
  return byFrame(detections).flatMap((lines, index) => {
    const { objects } = tracker.update(lines.map(objectOf), index + 1, index / framesPerS);
    return objects.map(({ id, box }) => ({ frame: index + 1, id, box, score: 1, class: 1 }));
  });
}
