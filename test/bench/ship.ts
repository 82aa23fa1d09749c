// `npm run bench -- ship --records FILE`: tunes the models that speed is measured on, and writes what ships of machines like this one. A
// run goes on where the one before it stopped.

import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { OnboxError } from '../../runtime/core/error.js';
import { describeCpu } from '../../runtime/device/cpu.js';
import { compilerVersion } from '../../runtime/module/manifest.js';
import { kindOf, printShipped, type ShippedFile, shippedPath, shortKey } from '../../runtime/module/shipped.js';
import type { AlgorithmTimes } from '../../runtime/schedule/algorithm-record.js';
import { convolutionKey } from '../../runtime/schedule/algorithm-record.js';
import { choiceKey } from '../../runtime/schedule/choice.js';
import type { TuningRecord } from '../../runtime/schedule/record.js';
import { isOfConvolution, Records } from '../../runtime/schedule/records.js';
import { tuneFile } from '../../runtime/vision/tune.js';
import { parseCount, parseCounts, parseFlags } from './support/arguments.js';
import { openCache } from './support/cache.js';
import { benchModels, selectModels } from './support/models.js';

/** What a choice must save of the default schedule's time to be worth a line. */
const gainMin = 0.02;

/**
 * @param args `--records FILE`, `--minutes N` for each model (0: only write), `--threads 1,2`, `--models a,b`
 * @throws OnboxError `usage`, `cache-unsafe`
 */
export async function main(args: readonly string[]): Promise<void> {
  const flags = parseFlags(args, ['minutes', 'threads', 'models', 'records']);
  const minutes = flags.minutes === '0' ? 0 : parseCount('minutes', flags.minutes ?? '5', 600);
  const threadCounts = parseCounts('threads', flags.threads ?? '1', 256);
  const models = selectModels(benchModels(), flags.models?.split(',') ?? []);
  const path = flags.records;
  if (path === undefined) throw new OnboxError('--records FILE is missing: it keeps what is measured', { code: 'usage' });
  const cache = await openCache();
  for (const { name, locate } of minutes === 0 ? [] : models) {
    const onnx = await locate(cache);
    if (onnx === undefined) continue;
    for (const threads of threadCounts) {
      process.stderr.write(`tuning ${name} for ${threads} threads\n`);
      await tuneFile(onnx, { records: path, threads, minutes, trials: 1e6 });
    }
  }
  const device = describeCpu();
  const file = shippedOf(Records.open(path), device.fingerprint, device.name);
  const target = shippedPath(kindOf(device));
  await mkdir(dirname(target), { recursive: true });
  await writeFile(target, printShipped(file));
  process.stdout.write(
    `${target}: ${Object.keys(file.programs).length} programs, ${Object.keys(file.convolutions).length} convolutions\n`,
  );
}

function shippedOf(records: Records, device: string, cpu: string): ShippedFile {
  const programs: Record<string, Record<string, string>> = {};
  const convolutions: Record<string, Record<string, AlgorithmTimes>> = {};
  const tasks = new Map<string, TuningRecord[]>();
  for (const line of records.all()) {
    if (line.device !== device) continue;
    if (isOfConvolution(line)) {
      const times = Object.entries(line.nanoseconds).map(([algorithm, time]) => [algorithm, Math.round(time)]);
      convolutions[convolutionKey(line.convolution)] = {
        ...convolutions[convolutionKey(line.convolution)],
        [line.threads]: Object.fromEntries(times),
      };
    } else {
      const key = `${line.task} ${line.threads}`;
      tasks.set(key, [...(tasks.get(key) ?? []), line]);
    }
  }
  for (const [first] of tasks.values()) {
    if (first === undefined) continue;
    const { task, threads, nanoseconds } = first;
    const best = records.best(task, { device, threads });
    // A search begins with the default.
    if (best === undefined || first.outcome !== 'ok' || best.nanoseconds > nanoseconds * (1 - gainMin)) continue;
    programs[shortKey(task)] = { ...programs[shortKey(task)], [threads]: choiceKey(best.choice) };
  }
  return { cpu, compiler: compilerVersion, programs, convolutions };
}
