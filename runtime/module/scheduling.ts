// Where the schedules of a compile come from: the fastest that was measured on this device, else the default.

import type { CpuDevice } from '../device/cpu.js';
import type { Program } from '../loop/program.js';
import { defaultSchedule } from '../schedule/default.js';
import { Records, taskKey } from '../schedule/records.js';
import type { Schedule } from '../schedule/steps.js';
import { isUsable } from '../schedule/trust.js';
import { machineOf } from './machine.js';

/**
 * @param recordsPath a file of records, which need not be there; undefined for the default schedules
 * @throws OnboxError `records-unreadable`
 */
export function schedulingFor(
  device: CpuDevice,
  threads: number,
  recordsPath: string | undefined,
): (program: Program) => Schedule {
  const machine = machineOf(device, threads);
  const records = recordsPath === undefined ? undefined : Records.open(recordsPath);
  return (program) => {
    const best = records?.best(taskKey(program), { device: device.fingerprint, threads });
    return best !== undefined && isUsable(best.steps, program) ? best.steps : defaultSchedule(program, machine);
  };
}
