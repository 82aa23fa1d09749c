// Objects: a head's candidates, suppressed, named and mapped back to the upright picture.

import { OnboxError } from '../core/error.js';
import type { VisionSpec } from '../module/manifest.js';
import { type Candidate, numberOf, type Outputs } from './heads/head.js';
import { detectHeadOf } from './heads/index.js';
import { labelOf } from './labels.js';
import { type Placement, toPictureX, toPictureY } from './letterbox.js';
import { suppress } from './nms.js';

export interface DetectedObject {
  readonly label: string;
  /** Index of the class. */
  readonly class: number;
  /** 0..1. */
  readonly confidence: number;
  /** Left, top, right, bottom in pixels of the upright original, inside it. */
  readonly box: readonly [number, number, number, number];
  /** In pixels of the upright original. YuNet: right eye, left eye, nose, right and left corner of the mouth. */
  readonly landmarks?: readonly (readonly [number, number])[];
}

export interface DetectOptions {
  /** Least confidence of an object, 0..1. */
  readonly minConfidence: number;
  /** Overlap above which two boxes of a class are one object, 0..1. */
  readonly iou: number;
  /** Most objects. */
  readonly max: number;
  /** The labels of objects that are wanted; all if left out. */
  readonly labels?: readonly string[];
}

/** Of models that state no thresholds of their own. */
export const detectDefaults: DetectOptions = { minConfidence: 0.25, iou: 0.45, max: 300 };

/**
 * The objects in a picture, most confident first.
 * @param outputs of the model, as the spec's head reads them
 * @param placement of the picture in the model's input
 * @param options what is left out is as the head's parameters say (those of a NonMaxSuppression in the graph), or the default
 * @throws OnboxError `head-missing` if the spec has no head, `head-task`, or `head-mismatch` if the outputs are not the head's
 */
export function decodeObjects(
  spec: VisionSpec,
  outputs: Outputs,
  placement: Placement,
  options: Partial<DetectOptions>,
): DetectedObject[] {
  if (spec.head === undefined) throw new OnboxError('the model has no head that finds objects', { code: 'head-missing' });
  const { kind, parameters } = spec.head;
  const { labels } = options;
  const stated = (name: string) => (parameters[name] === undefined ? undefined : numberOf(parameters, name));
  const minConfidence = options.minConfidence ?? stated('minConfidence') ?? detectDefaults.minConfidence;
  const iou = options.iou ?? stated('iou') ?? detectDefaults.iou;
  const max = options.max ?? detectDefaults.max;
  const candidates = detectHeadOf(kind).decode(outputs, parameters, { minConfidence });
  // A box with a number that is none (a broken model, f16 overflow) would poison every comparison.
  const finite = candidates.filter(({ x1, y1, x2, y2 }) => Number.isFinite(x1 + y1 + x2 + y2));
  const wanted =
    labels === undefined ? finite : finite.filter((candidate) => labels.includes(labelOf(spec.labels, candidate.class)));
  return suppress(wanted, { iou, max, perClass: stated('perClass') ?? max }).map((candidate) =>
    toObject(candidate, spec.labels, placement),
  );
}

function toObject(candidate: Candidate, labels: readonly string[], placement: Placement): DetectedObject {
  const object: DetectedObject = {
    label: labelOf(labels, candidate.class),
    class: candidate.class,
    confidence: candidate.score,
    box: [
      toPictureX(placement, candidate.x1),
      toPictureY(placement, candidate.y1),
      toPictureX(placement, candidate.x2),
      toPictureY(placement, candidate.y2),
    ],
  };
  const points = candidate.landmarks;
  if (points === undefined) return object;
  const landmarks = Array.from(
    { length: points.length / 2 },
    (_, i) => [toPictureX(placement, points[2 * i] ?? 0), toPictureY(placement, points[2 * i + 1] ?? 0)] as const,
  );
  return { ...object, landmarks };
}
