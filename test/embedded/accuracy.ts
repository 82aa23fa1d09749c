// How right a model is: average precision of boxes at IoU 0.5 by class, over all points of the precision-recall curve.

export type Box = readonly [number, number, number, number];

export interface Truth {
  readonly class: number;
  readonly box: Box;
}

export interface Detection extends Truth {
  readonly confidence: number;
}

/** Truth and answer of one picture. */
export interface Judged {
  readonly truths: readonly Truth[];
  readonly detections: readonly Detection[];
}

/** Intersection over union of two boxes. */
export function iou(a: Box, b: Box): number {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  if (width <= 0 || height <= 0) return 0;
  const shared = width * height;
  return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared);
}

/** Average precision by class, at IoU 0.5; NaN for a class that no picture shows. */
export function averagePrecisions(pictures: readonly Judged[], classCount: number): number[] {
  return Array.from({ length: classCount }, (_, index) => {
    const truthCount = pictures.reduce(
      (count, picture) => count + picture.truths.filter((truth) => truth.class === index).length,
      0,
    );
    const found = pictures.flatMap((picture) => match(picture, index));
    return truthCount === 0 ? Number.NaN : areaUnderCurve(found, truthCount);
  });
}

/** Mean of `averagePrecisions` over the classes that occur: AP50. */
export function meanAveragePrecision(pictures: readonly Judged[], classCount: number): number {
  const values = averagePrecisions(pictures, classCount).filter((value) => !Number.isNaN(value));
  return values.reduce((total, value) => total + value, 0) / values.length;
}

interface Found {
  readonly confidence: number;
  readonly isRight: boolean;
}

/** Judges the detections of one class, best first: each takes the free truth that it overlaps most. */
function match(picture: Judged, index: number): Found[] {
  const free = new Set(picture.truths.filter((truth) => truth.class === index));
  const detections = picture.detections.filter((one) => one.class === index).sort((a, b) => b.confidence - a.confidence);
  return detections.map((detection) => {
    const best = [...free].reduce<Truth | undefined>(
      (chosen, truth) =>
        chosen !== undefined && iou(chosen.box, detection.box) >= iou(truth.box, detection.box) ? chosen : truth,
      undefined,
    );
    const isRight = best !== undefined && iou(best.box, detection.box) >= 0.5;
    if (isRight) free.delete(best);
    return { confidence: detection.confidence, isRight };
  });
}

function areaUnderCurve(found: readonly Found[], truthCount: number): number {
  const sorted = [...found].sort((a, b) => b.confidence - a.confidence);
  let hits = 0;
  const points = sorted.map(({ isRight }, i) => {
    hits += isRight ? 1 : 0;
    return { recall: hits / truthCount, precision: hits / (i + 1) };
  });
  let area = 0;
  let precision = 0;
  points.reverse().forEach((point, i) => {
    precision = Math.max(precision, point.precision);
    area += (point.recall - (points[i + 1]?.recall ?? 0)) * precision;
  });
  return area;
}
