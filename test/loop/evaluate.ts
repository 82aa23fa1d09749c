// Values of indices at given points, straight from their definition: what tests of index arithmetic compare with.

import type { Affine, Atom } from '../../runtime/loop/affine.js';

/** The counters of loops by name. */
export type Point = ReadonlyMap<string, number>;

/** Every combination of counters. */
export function everyPoint(extents: ReadonlyMap<string, number>): Point[] {
  let points: Point[] = [new Map()];
  for (const [name, extent] of extents) {
    points = points.flatMap((point) => Array.from({ length: extent }, (_, value) => new Map([...point, [name, value]])));
  }
  return points;
}

export function evaluateIndex({ constant, terms }: Affine, point: Point): number {
  return terms.reduce((sum, { atom, coefficient }) => sum + coefficient * evaluateAtom(atom, point), constant);
}

function evaluateAtom(atom: Atom, point: Point): number {
  switch (atom.kind) {
    case 'variable':
      return point.get(atom.name) ?? Number.NaN;
    case 'quotient':
      return Math.floor(evaluateIndex(atom.of, point) / atom.by);
    case 'remainder': {
      const value = evaluateIndex(atom.of, point);
      return value - atom.by * Math.floor(value / atom.by);
    }
    case 'measured':
      return Number.NaN;
  }
}
