// What is known of this machine before a compile: what was measured on it, and what ships of machines like it.

import { errorCode } from '../core/error.js';
import type { CpuDevice } from '../device/cpu.js';
import type { WinogradFacts } from '../graph/passes/winograd.js';
import { computesInHalves, widenProgram } from '../loop/arithmetic.js';
import type { Program } from '../loop/program.js';
import type { AlgorithmTimes } from '../schedule/algorithm-record.js';
import type { Choice } from '../schedule/choice.js';
import { scheduleFor } from '../schedule/derive.js';
import { type Place, Records, taskKey } from '../schedule/records.js';
import type { Schedule } from '../schedule/steps.js';
import { isUsable } from '../schedule/trust.js';
import { machineOf } from './machine.js';
import { Shipped, shareAnew } from './shipped.js';

/** Records of one place. */
interface Source {
  readonly records: Records;
  readonly place: Place;
}

/** What a choice becomes: a schedule of a program for the machine at hand. */
type Derive = (program: Program, choice: Choice) => Schedule;

export class Known {
  private readonly own: Source | undefined;
  private readonly shipped: Shipped | undefined;
  private readonly threads: number;
  private readonly derive: Derive | undefined;

  private constructor(own: Source | undefined, threads: number, shipped?: Shipped, derive?: Derive) {
    this.own = own;
    this.shipped = shipped;
    this.threads = threads;
    this.derive = derive;
  }

  /** @param path a file of records; one that is not there or cannot be read counts for nothing */
  static open(device: CpuDevice, threads: number, path: string | undefined): Known {
    const own = path === undefined ? undefined : sourceOf(path, { device: device.fingerprint, threads });
    const machine = machineOf(device, threads);
    return new Known(own, threads, Shipped.open(device), (program, choice) => scheduleFor(program, machine, choice));
  }

  /** What a file holds of one place. @param path as of `open` */
  static at(place: Place, path: string | undefined): Known {
    return new Known(path === undefined ? undefined : sourceOf(path, place), place.threads);
  }

  /** The fastest schedule of a program that was measured and may be used. One that stores halves is scheduled as in float32. */
  schedule(program: Program): Schedule | undefined {
    if (computesInHalves(program)) return undefined;
    const key = taskKey(widenProgram(program));
    const own = this.own?.records.best(key, this.own.place);
    if (own !== undefined && (own.threads === this.threads || this.derive === undefined)) {
      if (isUsable(own.steps, program)) return own.steps;
    } else if (own !== undefined) {
      return this.derive?.(program, shareAnew(own.choice));
    }
    const choice = this.shipped?.choice(key, this.threads);
    return choice === undefined ? undefined : this.derive?.(program, choice);
  }

  /** What was best on machines like this one: where a search may begin. */
  choices(program: Program): readonly Choice[] {
    const choice = this.shipped?.choice(taskKey(program), this.threads);
    return choice === undefined ? [] : [choice];
  }

  algorithms(convolution: WinogradFacts): AlgorithmTimes | undefined {
    const own = this.own?.records.algorithms(convolution, this.own.place);
    return own?.nanoseconds ?? this.shipped?.algorithms(convolution, this.threads);
  }
}

/** A model must compile for whoever may not read what another user has tuned. */
function sourceOf(path: string, place: Place): Source | undefined {
  try {
    return { records: Records.open(path), place };
  } catch (error) {
    if (errorCode(error) === 'records-unreadable') return undefined;
    throw error;
  }
}
