// How the programs of a compile are scheduled and which algorithms its convolutions get: as measured, else as reckoned.

import { halfLanes } from '../codegen/c.js';
import type { CpuDevice } from '../device/cpu.js';
import type { WinogradChoice } from '../graph/passes/winograd.js';
import { computesInHalves } from '../loop/arithmetic.js';
import { chooseWinograd } from '../schedule/algorithm.js';
import { defaultSchedule } from '../schedule/default.js';
import type { Scheduling } from './assemble.js';
import type { Known } from './known.js';
import { machineOf } from './machine.js';

/** Of the 32 of NEON: the scalars that halves are multiplied by lie in the lower 16 only (codegen/half-dialect.ts). */
const narrowRegisters = 24;

export function schedulingFor(device: CpuDevice, threads: number, known: Known | undefined): Scheduling {
  const machine = machineOf(device, threads);
  const narrow = {
    ...machine,
    lanes: halfLanes(device.isa),
    vectorRegisters: Math.min(machine.vectorRegisters, narrowRegisters),
  };
  return (program) => known?.schedule(program) ?? defaultSchedule(program, computesInHalves(program) ? narrow : machine);
}

export function algorithmsFor(device: CpuDevice, known: Known | undefined): WinogradChoice {
  const machine = machineOf(device, 1);
  return (facts) => chooseWinograd(machine, facts, known?.algorithms(facts));
}
