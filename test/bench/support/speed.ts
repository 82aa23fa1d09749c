// The table of `bench cpu`: its rows, as in its JSON, its columns, and the means below it.

import { geometricMean } from './statistics.js';
import { type Column, printHeader, printMs, printRow } from './table.js';

/** One model with one count of threads. The names are those of the JSON. */
export interface SpeedRow {
  readonly model: string;
  readonly threads: number;
  readonly onbox_median_ms: number;
  readonly onbox_min_ms: number;
  readonly onnxruntime_median_ms: number;
  readonly onnxruntime_min_ms: number;
  /** onnxruntime's time over onbox's. */
  readonly ratio_of_medians: number;
  readonly ratio_of_minima: number;
  readonly max_relative_error: number;
  readonly compile_s: number;
  readonly compile_peak_rss_mb: number;
  readonly arena_mb: number;
}

/** Geometric means over the models, of one count of threads. */
export interface SpeedMean {
  readonly threads: number;
  readonly models: number;
  readonly ratio_of_medians: number;
  readonly ratio_of_minima: number;
}

const columns: readonly Column<SpeedRow>[] = [
  { title: 'model', width: 20, align: 'left', cell: (row) => row.model },
  { title: 'threads', width: 7, cell: (row) => String(row.threads) },
  { title: 'onbox ms', width: 8, cell: (row) => printMs(row.onbox_median_ms) },
  { title: 'min', width: 6, cell: (row) => printMs(row.onbox_min_ms) },
  { title: 'ort ms', width: 6, cell: (row) => printMs(row.onnxruntime_median_ms) },
  { title: 'min', width: 6, cell: (row) => printMs(row.onnxruntime_min_ms) },
  { title: 'ratio', width: 5, cell: (row) => row.ratio_of_medians.toFixed(2) },
  { title: 'of min', width: 6, cell: (row) => row.ratio_of_minima.toFixed(2) },
  { title: 'error', width: 7, cell: (row) => row.max_relative_error.toExponential(1) },
  { title: 'compile s', width: 9, cell: (row) => row.compile_s.toFixed(1) },
  { title: 'peak MB', width: 7, cell: (row) => row.compile_peak_rss_mb.toFixed(0) },
  { title: 'arena MB', width: 8, cell: (row) => row.arena_mb.toFixed(2) },
];

export function printSpeedHeader(): string {
  return printHeader(columns);
}

export function printSpeedRow(row: SpeedRow): string {
  return printRow(columns, row);
}

/** In ascending order of threads. */
export function speedMeans(rows: readonly SpeedRow[]): SpeedMean[] {
  const threadCounts = [...new Set(rows.map((row) => row.threads))].sort((a, b) => a - b);
  return threadCounts.map((threads) => {
    const own = rows.filter((row) => row.threads === threads);
    return {
      threads,
      models: own.length,
      ratio_of_medians: geometricMean(own.map((row) => row.ratio_of_medians)),
      ratio_of_minima: geometricMean(own.map((row) => row.ratio_of_minima)),
    };
  });
}

export function printMeans(means: readonly SpeedMean[]): string {
  if (means.length === 0) return 'nothing was measured';
  const lines = means.map(
    ({ threads, models, ratio_of_medians, ratio_of_minima }) =>
      `geometric mean of ${models} models, ${threads} ${threads === 1 ? 'thread' : 'threads'}: ` +
      `ratio of medians ${ratio_of_medians.toFixed(3)}, of minima ${ratio_of_minima.toFixed(3)}`,
  );
  return lines.join('\n');
}
