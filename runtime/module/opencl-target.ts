// An OpenCL device as a target: the machine that schedules see, how its programs are scheduled, and what a manifest says of it.

import { openclLanes } from '../codegen/opencl.js';
import type { OpenclDevice } from '../device/opencl.js';
import { defaultSchedule } from '../schedule/default.js';
import type { TuningMachine } from '../schedule/machine.js';
import type { Place } from '../schedule/records.js';
import type { Scheduling } from './assemble.js';
import type { Known } from './known.js';
import type { OpenclPart, openclSwitches } from './manifest.js';

/** What programs are built with: products and sums may become one instruction, nothing else is relaxed. */
export const programSwitches: readonly (typeof openclSwitches)[number][] = ['-cl-std=CL1.2', '-cl-mad-enable'];

/** Work-items that a unit wants at once. With fast local memory come register files for many more of them. */
const itemsPerUnit = { small: 256, large: 512 };
/** Of a work-group: GPUs with small register files hold no larger group of a kernel that uses many. */
const groupMax = { small: 64, large: 128 };
const l1Bytes = { small: 16 * 1024, large: 64 * 1024 };
const l2BytesMin = 256 * 1024;

/** A device with local memory of its own has large register files too; one without, as all that share the memory of a board, small. */
export function openclMachine({ localBytes, units, workGroupMax, cacheBytes, type }: OpenclDevice): TuningMachine {
  const size = localBytes > 0 && type === 'gpu' ? 'large' : 'small';
  return {
    lanes: openclLanes,
    vectorRegisters: size === 'large' ? 32 : 15,
    fmaPerCycle: 1,
    threads: 1,
    l1Bytes: l1Bytes[size],
    l2Bytes: Math.max(cacheBytes, l2BytesMin),
    grid: {
      items: units * itemsPerUnit[size],
      groupMax: Math.min(groupMax[size], workGroupMax),
      vectorsFull: size === 'large' ? 24 : 8,
    },
  };
}

export function openclScheduling(device: OpenclDevice, known: Known | undefined): Scheduling {
  const machine = openclMachine(device);
  return (program) => known?.schedule(program) ?? defaultSchedule(program, machine);
}

/** Where records of the device stand. Its work-items are not threads that one could have fewer of. */
export function openclPlace({ fingerprint }: OpenclDevice): Place {
  return { device: fingerprint, threads: 1 };
}

export function openclPart({ name, driver, fingerprint }: OpenclDevice): OpenclPart {
  return { device: name, driver, fingerprint, switches: programSwitches };
}
