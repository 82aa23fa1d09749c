// What is known of this machine before a compile: what was measured on it, and what ships of machines like it.

import { resolve } from 'node:path';
import { errorCode } from '../core/error.js';
import type { CpuDevice } from '../device/cpu.js';
import type { WinogradFacts } from '../graph/passes/winograd.js';
import type { Program } from '../loop/program.js';
import type { AlgorithmTimes } from '../schedule/algorithm-record.js';
import type { Choice } from '../schedule/choice.js';
import type { TuningRecord } from '../schedule/record.js';
import { type Place, Records, taskKey } from '../schedule/records.js';
import type { Schedule } from '../schedule/steps.js';
import { isUsable } from '../schedule/trust.js';
import { packageRoot } from './files.js';

interface Source {
  readonly records: Records;
  readonly place: Place;
}

export class Known {
  /** The first that knows something is believed. */
  private readonly sources: readonly Source[];

  private constructor(sources: readonly Source[]) {
    this.sources = sources;
  }

  /** @param path a file of records; one that is not there or cannot be read counts for nothing */
  static open(device: CpuDevice, threads: number, path: string | undefined): Known {
    const kind = kindOf(device);
    const shipped = resolve(packageRoot(), 'runtime', 'module', 'shipped', `${kind}.jsonl`);
    return new Known([
      ...(path === undefined ? [] : sourceOf(path, { device: device.fingerprint, threads })),
      ...sourceOf(shipped, { device: kind, threads }),
    ]);
  }

  /** What a file holds of one place. @param path as of `open` */
  static at(place: Place, path: string | undefined): Known {
    return new Known(path === undefined ? [] : sourceOf(path, place));
  }

  /** The fastest schedule of a program that was measured and may be used. */
  schedule(program: Program): Schedule | undefined {
    return this.best(program).find(({ steps }) => isUsable(steps, program))?.steps;
  }

  /** What was best here and on machines like this one: where a search may begin. */
  choices(program: Program): readonly Choice[] {
    return this.best(program).map(({ choice }) => choice);
  }

  private best(program: Program): readonly TuningRecord[] {
    const key = taskKey(program);
    return this.sources.flatMap(({ records, place }) => records.best(key, place) ?? []);
  }

  algorithms(convolution: WinogradFacts): AlgorithmTimes | undefined {
    for (const { records, place } of this.sources) {
      const known = records.algorithms(convolution, place);
      if (known !== undefined) return known.nanoseconds;
    }
    return undefined;
  }
}

/** What machines have in common that may take over each other's records: `x64-avx512`. */
export function kindOf({ arch, isa }: Pick<CpuDevice, 'arch' | 'isa'>): string {
  return `${arch}-${isa}`;
}

/** A model must compile for whoever may not read what another user has tuned. */
function sourceOf(path: string, place: Place): Source[] {
  try {
    return [{ records: Records.open(path), place }];
  } catch (error) {
    if (errorCode(error) === 'records-unreadable') return [];
    throw error;
  }
}
