// How the programs of a compile are scheduled and which algorithms its convolutions get: as measured, else as reckoned.

import type { CpuDevice } from '../device/cpu.js';
import type { WinogradChoice } from '../graph/passes/winograd.js';
import { chooseWinograd } from '../schedule/algorithm.js';
import { defaultSchedule } from '../schedule/default.js';
import type { Scheduling } from './assemble.js';
import type { Known } from './known.js';
import { machineOf } from './machine.js';

export function schedulingFor(device: CpuDevice, threads: number, known: Known | undefined): Scheduling {
  const machine = machineOf(device, threads);
  return (program) => known?.schedule(program) ?? defaultSchedule(program, machine);
}

export function algorithmsFor(device: CpuDevice, known: Known | undefined): WinogradChoice {
  const machine = machineOf(device, 1);
  return (facts) => chooseWinograd(machine, facts, known?.algorithms(facts));
}
