// Where the schedules of a compile come from: the fastest that was measured on this device, else the default.

import { errorCode } from '../core/error.js';
import type { CpuDevice } from '../device/cpu.js';
import type { Program } from '../loop/program.js';
import { defaultSchedule } from '../schedule/default.js';
import { Records, taskKey } from '../schedule/records.js';
import type { Schedule } from '../schedule/steps.js';
import { isUsable } from '../schedule/trust.js';
import { machineOf } from './machine.js';

/** @param recordsPath a file of records; where it is not there or cannot be read, the schedules are the default ones */
export function schedulingFor(
  device: CpuDevice,
  threads: number,
  recordsPath: string | undefined,
): (program: Program) => Schedule {
  const machine = machineOf(device, threads);
  const records = recordsPath === undefined ? undefined : openRecords(recordsPath);
  return (program) => {
    const best = records?.best(taskKey(program), { device: device.fingerprint, threads });
    return best !== undefined && isUsable(best.steps, program) ? best.steps : defaultSchedule(program, machine);
  };
}

/** A model must compile for whoever may not read what another user has tuned. */
function openRecords(path: string): Records | undefined {
  try {
    return Records.open(path);
  } catch (error) {
    if (errorCode(error) === 'records-unreadable') return undefined;
    throw error;
  }
}
