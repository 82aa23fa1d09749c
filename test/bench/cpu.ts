// `npm run bench -- cpu`: onbox against onnxruntime on the CPU, model by model, side by side in one process. Batch 1, float32.

import { writeFile } from 'node:fs/promises';
import { env } from 'onnxruntime-node';
import { errorMessage } from '../../runtime/core/error.js';
import { parseCount, parseCounts, parseFlags } from './support/arguments.js';
import { openCache } from './support/cache.js';
import { type CompiledModel, compileOnce } from './support/compile.js';
import { compete, contestDefaults } from './support/contest.js';
import { describeMachine, printMachine } from './support/machine.js';
import { type BenchModel, benchModels, selectModels } from './support/models.js';
import { openSides } from './support/sides.js';
import { printMeans, printSpeedHeader, printSpeedRow, type SpeedRow, speedMeans } from './support/speed.js';
import { median } from './support/statistics.js';

const mebibyte = 1024 * 1024;

/** Largest relative difference at which the answers still count as the same; a wrong answer's speed is worth nothing. */
const errorMax = 1e-3;

/**
 * Prints a row for each model and count of threads, and the geometric means. The exit code is 1 if a model failed or answered
 * something else than onnxruntime.
 * @param args `--threads 1,2`, `--models a,b`, `--rounds N`, `--json FILE`
 * @throws OnboxError `usage`, `cache-unsafe`
 */
export async function main(args: readonly string[]): Promise<void> {
  const flags = parseFlags(args, ['threads', 'models', 'rounds', 'json']);
  const threadCounts = parseCounts('threads', flags.threads ?? '1,2', 256);
  const rounds = flags.rounds === undefined ? contestDefaults.rounds : parseCount('rounds', flags.rounds, 1000);
  const models = selectModels(benchModels(), flags.models?.split(',') ?? []);
  const cache = await openCache();
  const machine = describeMachine();
  const peer = `onnxruntime-node ${env.versions.node}`;
  print(`${printMachine(machine)}\nonbox against ${peer}; a ratio above 1 says that onbox is the faster one\n`);
  print(printSpeedHeader());
  const rows: SpeedRow[] = [];
  const faults: string[] = [];
  for (const model of models) {
    try {
      rows.push(...(await measureModel(model, { cache, threadCounts, rounds })));
    } catch (error) {
      faults.push(`${model.name}: ${errorMessage(error)}`);
      print(`${model.name}: FAILED, ${errorMessage(error)}`);
    }
  }
  faults.push(
    ...rows.filter(isWrong).map((row) => `${row.model}: its answer differs by ${row.max_relative_error.toExponential(1)}`),
  );
  const means = speedMeans(rows);
  print(`\n${printMeans(means)}`);
  if (flags.json !== undefined) {
    await writeFile(flags.json, `${JSON.stringify({ machine, peer, rounds, rows, means, faults }, undefined, 2)}\n`);
  }
  if (faults.length > 0) {
    print(`\nfaults:\n${faults.join('\n')}`);
    process.exitCode = 1;
  }
}

interface Settings {
  readonly cache: string;
  readonly threadCounts: readonly number[];
  readonly rounds: number;
}

/** Prints each row as soon as it is measured. No rows where the model's file is missing. */
async function measureModel(model: BenchModel, { cache, threadCounts, rounds }: Settings): Promise<readonly SpeedRow[]> {
  const onnx = await model.locate(cache);
  if (onnx === undefined) {
    print(`${model.name}: SKIPPED, the shared test data is missing`);
    return [];
  }
  const compiled = await compileOnce(cache, model.name, onnx);
  const rows: SpeedRow[] = [];
  for (const threads of threadCounts) {
    const row = await measure({ name: model.name, onnx, compiled }, threads, rounds);
    print(printSpeedRow(row));
    rows.push(row);
  }
  return rows;
}

/** NaN is wrong too. */
function isWrong(row: SpeedRow): boolean {
  return !(row.max_relative_error <= errorMax);
}

interface Subject {
  readonly name: string;
  readonly onnx: string;
  readonly compiled: CompiledModel;
}

async function measure({ name, onnx, compiled }: Subject, threads: number, rounds: number): Promise<SpeedRow> {
  const sides = await openSides(onnx, compiled.folder, threads);
  try {
    const error = await sides.compareAnswers();
    const { a, b } = await compete(sides.onbox, sides.onnxruntime, { ...contestDefaults, rounds });
    return {
      model: name,
      threads,
      onbox_median_ms: median(a),
      onbox_min_ms: Math.min(...a),
      onnxruntime_median_ms: median(b),
      onnxruntime_min_ms: Math.min(...b),
      ratio_of_medians: median(b) / median(a),
      ratio_of_minima: Math.min(...b) / Math.min(...a),
      max_relative_error: error,
      compile_s: compiled.seconds,
      compile_peak_rss_mb: compiled.peakRssBytes / mebibyte,
      arena_mb: sides.arenaBytes / mebibyte,
    };
  } finally {
    await sides.close();
  }
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
