// `npm run bench -- image`: the whole way of a photo through a detector, from the bytes of a JPEG to boxes: decode, fit, infer, head.

import { readFile } from 'node:fs/promises';
import { openModel, type VisionTimes } from '../../runtime/vision/model.js';
import { sharedData } from '../support/data.js';
import { parseCount, parseCounts, parseFlags } from './support/arguments.js';
import { openCache } from './support/cache.js';
import { compileOnce } from './support/compile.js';
import { describeMachine, printMachine } from './support/machine.js';
import { median, percentile } from './support/statistics.js';
import { type Column, printHeader, printMs, printRow } from './support/table.js';

const runsDefault = 50;
const warmupRuns = 5;

interface ImageRow {
  readonly threads: number;
  /** Medians of the parts, in ms. */
  readonly parts: VisionTimes;
  /** Milliseconds from bytes to boxes. */
  readonly totals: readonly number[];
  readonly objects: number;
}

const columns: readonly Column<ImageRow>[] = [
  { title: 'threads', width: 7, cell: (row) => String(row.threads) },
  { title: 'decode+fit ms', width: 13, cell: (row) => printMs(row.parts.decode) },
  { title: 'infer ms', width: 8, cell: (row) => printMs(row.parts.infer) },
  { title: 'head ms', width: 7, cell: (row) => printMs(row.parts.post) },
  { title: 'total ms', width: 8, cell: (row) => printMs(median(row.totals)) },
  { title: 'p99 ms', width: 6, cell: (row) => printMs(percentile(row.totals, 0.99)) },
  { title: 'objects', width: 7, cell: (row) => String(row.objects) },
];

/**
 * Prints a row for each count of threads: medians, photo after photo.
 * @param args `--threads 1,2`, `--runs N`
 * @throws OnboxError `usage`, `cache-unsafe`, `bench-compile-failed`
 */
export async function main(args: readonly string[]): Promise<void> {
  const flags = parseFlags(args, ['threads', 'runs']);
  const threadCounts = parseCounts('threads', flags.threads ?? '1,2', 256);
  const runs = flags.runs === undefined ? runsDefault : parseCount('runs', flags.runs, 100_000);
  const onnx = sharedData('models', 'yolov5n_640.onnx');
  const photo = sharedData('images', 'zidane.jpg');
  if (onnx === undefined || photo === undefined) {
    print('SKIPPED: the shared test data is missing');
    return;
  }
  const { folder } = await compileOnce(await openCache(), 'yolov5n_640', onnx);
  const bytes = await readFile(photo);
  print(
    `${printMachine(describeMachine())}\na JPEG of 1280 x 720 through yolov5n_640, ${runs} times\n\n${printHeader(columns)}`,
  );
  for (const threads of threadCounts) print(printRow(columns, await measure(folder, bytes, threads, runs)));
}

async function measure(folder: string, bytes: Uint8Array, threads: number, runs: number): Promise<ImageRow> {
  const model = await openModel(folder, { threads });
  try {
    const parts: VisionTimes[] = [];
    const totals: number[] = [];
    let objects = 0;
    for (let i = -warmupRuns; i < runs; i++) {
      const start = performance.now();
      const detection = await model.detect(bytes);
      if (i < 0) continue;
      totals.push(performance.now() - start);
      parts.push(detection.ms);
      objects = detection.objects.length;
    }
    const medianOf = (part: keyof VisionTimes): number => median(parts.map((times) => times[part]));
    return {
      threads,
      parts: { decode: medianOf('decode'), infer: medianOf('infer'), post: medianOf('post') },
      totals,
      objects,
    };
  } finally {
    await model.close();
  }
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
