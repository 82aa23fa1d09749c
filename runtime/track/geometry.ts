// Points, polygons and lines in a picture: x to the right, y downwards, in pixels.

export type Point = readonly [x: number, y: number];

export interface Segment {
  readonly a: Point;
  readonly b: Point;
}

/** Whether a polygon has a point, by the even-odd rule: where it crosses itself, what is covered twice is outside. */
export function isInside(polygon: readonly Point[], [x, y]: Point): boolean {
  let inside = false;
  for (const { a, b } of edgesOf(polygon)) {
    if (a[1] > y !== b[1] > y && x < a[0] + ((y - a[1]) / (b[1] - a[1])) * (b[0] - a[0])) inside = !inside;
  }
  return inside;
}

/** How far a point is from the nearest edge of a polygon, from within or without. */
export function distanceToEdge(polygon: readonly Point[], point: Point): number {
  return edgesOf(polygon).reduce((least, edge) => Math.min(least, distanceToSegment(edge, point)), Number.POSITIVE_INFINITY);
}

/** How far a point is from the line through a segment: above 0 on the right hand of who looks from a to b in the picture. */
export function sideOf({ a, b }: Segment, [x, y]: Point): number {
  const [dx, dy] = [b[0] - a[0], b[1] - a[1]];
  return (dx * (y - a[1]) - dy * (x - a[0])) / Math.hypot(dx, dy);
}

/** Whether the way from one side of a segment to the other, which `way` is known to go, leads through it and not around its ends. */
export function leadsThrough(segment: Segment, way: Segment): boolean {
  const [from, to] = [sideOf(segment, way.a), sideOf(segment, way.b)];
  const share = from / (from - to);
  const [x, y] = [way.a[0] + share * (way.b[0] - way.a[0]), way.a[1] + share * (way.b[1] - way.a[1])];
  const [dx, dy] = [segment.b[0] - segment.a[0], segment.b[1] - segment.a[1]];
  const along = ((x - segment.a[0]) * dx + (y - segment.a[1]) * dy) / (dx * dx + dy * dy);
  return along >= 0 && along <= 1;
}

function edgesOf(polygon: readonly Point[]): Segment[] {
  return polygon.map((a, index) => ({ a, b: polygon[(index + 1) % polygon.length] as Point }));
}

function distanceToSegment({ a, b }: Segment, [x, y]: Point): number {
  const [dx, dy] = [b[0] - a[0], b[1] - a[1]];
  const length = dx * dx + dy * dy;
  const along = length === 0 ? 0 : Math.min(1, Math.max(0, ((x - a[0]) * dx + (y - a[1]) * dy) / length));
  return Math.hypot(x - a[0] - along * dx, y - a[1] - along * dy);
}
