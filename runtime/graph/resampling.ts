// Resampling along one axis: which elements make up each new one, and with what weights. The lowering uses the same taps, so
// that compiled code and reference cannot disagree about a coordinate.

export const coordinateModes = [
  'half_pixel',
  'half_pixel_symmetric',
  'pytorch_half_pixel',
  'align_corners',
  'asymmetric',
  'tf_half_pixel_for_nn',
  'tf_crop_and_resize',
] as const;
export const nearestModes = ['round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil'] as const;
export const resizeModes = ['nearest', 'linear', 'cubic'] as const;

/** How one axis is resampled. */
export interface Resampling {
  readonly mode: (typeof resizeModes)[number];
  readonly coordinates: (typeof coordinateModes)[number];
  readonly nearest: (typeof nearestModes)[number];
  /** Elements along the axis before and after. */
  readonly extent: number;
  readonly size: number;
  /** size / extent, or what the model says instead. */
  readonly scale: number;
  /** The part of the axis that tf_crop_and_resize looks at, 0..1. */
  readonly roi: readonly [start: number, end: number];
  /** The coefficient a of the cubic kernel. */
  readonly cubicA: number;
  /** Whether cubic weights of elements outside of the axis are dropped, and the rest scaled up. */
  readonly excludeOutside: boolean;
}

/** What one new element is made of. */
export interface Taps {
  /** Within the axis: elements outside of it are the nearest inside. */
  readonly indices: readonly number[];
  readonly weights: readonly number[];
  /** Whether tf_crop_and_resize puts the extrapolation value here instead. */
  readonly isOutside: boolean;
}

/** The taps of the new element at `index`. */
export function tapsAt(resampling: Resampling, index: number): Taps {
  const { coordinates, extent, mode } = resampling;
  const position = sourcePosition(resampling, index);
  const isOutside = coordinates === 'tf_crop_and_resize' && (position < 0 || position > extent - 1);
  if (mode === 'nearest') {
    return { indices: [clamp(nearestIndex(position, resampling), extent)], weights: [1], isOutside };
  }
  const base = Math.floor(position);
  const ratio = position - base;
  if (mode === 'linear') {
    return { indices: [clamp(base, extent), clamp(base + 1, extent)], weights: [1 - ratio, ratio], isOutside };
  }
  const around = [base - 1, base, base + 1, base + 2];
  const weights = cubicWeights(ratio, resampling.cubicA);
  const kept = resampling.excludeOutside ? weights.map((weight, i) => (isInside(around[i], extent) ? weight : 0)) : weights;
  const total = kept.reduce((sum, weight) => sum + weight, 0);
  return {
    indices: around.map((i) => clamp(i, extent)),
    weights: resampling.excludeOutside ? kept.map((weight) => weight / total) : kept,
    isOutside,
  };
}

/**
 * The shares of all old elements in each new one, row after row, where an axis shrinks and nothing may be skipped: the kernel is
 * stretched to the distance of the new elements. Linear and cubic modes.
 */
export function shrinkingShares(resampling: Resampling): Float64Array {
  const { extent, size, mode, cubicA, excludeOutside } = resampling;
  const factor = Math.min(resampling.scale, 1);
  const reach = Math.ceil((mode === 'linear' ? 1 : 2) / factor);
  const shares = new Float64Array(size * extent);
  for (let index = 0; index < size; index++) {
    const row = shares.subarray(index * extent, (index + 1) * extent);
    const position = sourcePosition(resampling, index);
    for (let at = Math.floor(position) - reach; at <= Math.floor(position) + reach + 1; at++) {
      const distance = Math.abs(at - position) * factor;
      const weight = mode === 'linear' ? Math.max(0, 1 - distance) : cubicWeight(distance, cubicA);
      if (excludeOutside && !isInside(at, extent)) continue;
      row[clamp(at, extent)] = (row[clamp(at, extent)] ?? 0) + weight;
    }
    const total = row.reduce((sum, weight) => sum + weight, 0);
    row.forEach((weight, at) => {
      row[at] = weight / total;
    });
  }
  return shares;
}

/**
 * Where the new element at `index` lies among the old ones. Computed step by step in f32, as onnxruntime does: `floor` of a
 * position that only just misses a whole number depends on it.
 */
function sourcePosition({ coordinates, extent, size, scale, roi }: Resampling, index: number): number {
  const f32 = Math.fround;
  switch (coordinates) {
    case 'half_pixel':
      return f32(f32((index + 0.5) / f32(scale)) - 0.5);
    case 'half_pixel_symmetric': {
      const adjustment = size / f32(f32(scale) * extent);
      const offset = f32((extent / 2) * (1 - adjustment));
      return f32(offset + f32((index + 0.5) / f32(scale)) - 0.5);
    }
    case 'pytorch_half_pixel':
      return size > 1 ? f32(f32((index + 0.5) / f32(scale)) - 0.5) : 0;
    case 'align_corners':
      return size === 1 ? 0 : f32((index * (extent - 1)) / (size - 1));
    case 'asymmetric':
      return f32(index / f32(scale));
    case 'tf_half_pixel_for_nn':
      return f32((index + 0.5) / f32(scale));
    case 'tf_crop_and_resize': {
      const [start, end] = roi;
      if (size === 1) return f32(0.5 * (start + end) * (extent - 1));
      return f32(start * (extent - 1) + (index * (end - start) * (extent - 1)) / (size - 1));
    }
  }
}

/**
 * What a position may miss the middle between two elements by and still be meant as it, after the roundings of `sourcePosition`: 7
 * elements made 8 by asymmetric coordinates have one at 3.4999998.
 */
export function halfMargin({ extent }: Pick<Resampling, 'extent'>): number {
  return extent * 2 ** -22;
}

function nearestIndex(position: number, resampling: Resampling): number {
  switch (resampling.nearest) {
    case 'round_prefer_floor':
      return Math.ceil(position - (0.5 + halfMargin(resampling)));
    case 'round_prefer_ceil':
      return Math.floor(position + (0.5 + halfMargin(resampling)));
    case 'floor':
      return Math.floor(position);
    case 'ceil':
      return Math.ceil(position);
  }
}

/** Keys' cubic convolution kernel at the distances 1 + ratio, ratio, 1 - ratio, 2 - ratio. */
function cubicWeights(ratio: number, a: number): number[] {
  return [1 + ratio, ratio, 1 - ratio, 2 - ratio].map((distance) => cubicWeight(distance, a));
}

function cubicWeight(distance: number, a: number): number {
  if (distance <= 1) return ((a + 2) * distance - (a + 3)) * distance * distance + 1;
  return distance < 2 ? ((a * distance - 5 * a) * distance + 8 * a) * distance - 4 * a : 0;
}

function isInside(index: number | undefined, extent: number): boolean {
  return index !== undefined && index >= 0 && index < extent;
}

function clamp(index: number, extent: number): number {
  return Math.min(Math.max(index, 0), extent - 1);
}
