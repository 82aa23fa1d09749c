// What ships with onbox of machines that were measured: the choices that were best for programs, and the times of algorithms. By the kind
// of CPU, because machines of a kind take over each other's choices, not their times. Made by `npm run bench -- ship`.

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { CpuDevice } from '../device/cpu.js';
import type { WinogradFacts } from '../graph/passes/winograd.js';
import { type AlgorithmTimes, convolutionKey } from '../schedule/algorithm-record.js';
import { type Choice, parseChoiceKey } from '../schedule/choice.js';
import { chunksPerThread } from '../schedule/default.js';
import { packageRoot } from './files.js';

/** By number of threads, as text. */
type ByThreads<T> = Readonly<Record<string, T>>;

/** The file, JSON. */
export interface ShippedFile {
  /** Where it was measured, for people. */
  readonly cpu: string;
  readonly compiler: string;
  /** By `shortKey`: a `choiceKey`. */
  readonly programs: Readonly<Record<string, ByThreads<string>>>;
  /** By `convolutionKey`: nanoseconds. */
  readonly convolutions: Readonly<Record<string, ByThreads<AlgorithmTimes>>>;
}

const nothing: ShippedFile = { cpu: '', compiler: '', programs: {}, convolutions: {} };

export class Shipped {
  private readonly file: ShippedFile;

  constructor(file: ShippedFile) {
    this.file = file;
  }

  /** Of machines like this one; empty where none was measured. */
  static open(device: CpuDevice): Shipped {
    try {
      return new Shipped(JSON.parse(readFileSync(shippedPath(kindOf(device)), 'utf8')));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Shipped(nothing);
      throw error;
    }
  }

  /** The choice for a program, by its `taskKey`, that was best with so many threads, or else with the next fewer that were tried. */
  choice(task: string, threads: number): Choice | undefined {
    const known = nearest(this.file.programs[shortKey(task)], threads);
    const choice = known === undefined ? undefined : parseChoiceKey(known.value);
    return choice === undefined || known?.threads === threads ? choice : shareAnew(choice);
  }

  algorithms(convolution: WinogradFacts, threads: number): AlgorithmTimes | undefined {
    return nearest(this.file.convolutions[convolutionKey(convolution)], threads)?.value;
  }
}

/** A choice that was measured with another number of threads: its tiles hold, how the work is shared out does not. */
export function shareAnew(choice: Choice): Choice {
  return { ...choice, chunks: chunksPerThread };
}

/** What machines have in common that may take over each other's choices: `x64-avx512`. */
export function kindOf({ arch, isa }: Pick<CpuDevice, 'arch' | 'isa'>): string {
  return `${arch}-${isa}`;
}

export function shippedPath(kind: string): string {
  return resolve(packageRoot(), 'runtime', 'module', 'shipped', `${kind}.json`);
}

/** Enough of a `taskKey` to tell the programs of a file apart. */
export function shortKey(task: string): string {
  return task.slice(0, 16);
}

function nearest<T>(values: ByThreads<T> | undefined, threads: number): { threads: number; value: T } | undefined {
  const counts = Object.keys(values ?? {}).map(Number);
  const fewer = counts.filter((count) => count <= threads);
  const count = fewer.length > 0 ? Math.max(...fewer) : Math.min(...counts);
  const value = values?.[count];
  return value === undefined ? undefined : { threads: count, value };
}

/** The file of a kind of CPU, from what was measured: the choices that beat the default, and all algorithms. */
export function printShipped(file: ShippedFile): string {
  const sorted = <T>(record: Readonly<Record<string, T>>): string =>
    Object.entries(record)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, value]) => `    ${JSON.stringify(key)}: ${JSON.stringify(value, undefined, 1).replace(/\n */g, ' ')}`)
      .join(',\n');
  const { cpu, compiler, programs, convolutions } = file;
  return `{
  "cpu": ${JSON.stringify(cpu)},
  "compiler": ${JSON.stringify(compiler)},
  "programs": {
${sorted(programs)}
  },
  "convolutions": {
${sorted(convolutions)}
  }
}
`;
}
