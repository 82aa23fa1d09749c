// The machine as schedules see it, from the description of its CPU.

import { vectorLanes } from '../codegen/c.js';
import type { CpuDevice } from '../device/cpu.js';
import type { TuningMachine } from '../schedule/machine.js';

export function machineOf(device: CpuDevice, threads: number): TuningMachine {
  const { vectorRegisters, fmaPerCycle, l1Bytes, l2Bytes } = device;
  return { lanes: vectorLanes(device.isa), vectorRegisters, fmaPerCycle, threads, l1Bytes, l2Bytes };
}
