// Drafts of the choices of one program. What they are read off is made once for each frame.

import type { Program } from '../loop/program.js';
import type { Choice } from './choice.js';
import { type Draft, draft } from './cost.js';
import type { FrameChoice } from './frame.js';
import { gridDraft } from './grid.js';
import type { TuningMachine } from './machine.js';
import { type Workload, workloadOf } from './workload.js';

export class Drafts {
  private readonly program: Program;
  private readonly machine: TuningMachine;
  private readonly workloads = new Map<string, Workload>();

  constructor(program: Program, machine: TuningMachine) {
    this.program = program;
    this.machine = machine;
  }

  of(choice: Choice): Draft {
    const { grid } = this.machine;
    if (grid !== undefined) return gridDraft(this.workload(choice), choice, this.machine, grid);
    return draft(this.workload(choice), choice, this.machine);
  }

  workload(choice: FrameChoice): Workload {
    const key = [choice.vector, choice.fused, choice.swapped].map(Number).join('');
    const known = this.workloads.get(key) ?? workloadOf(this.program, this.machine, choice);
    this.workloads.set(key, known);
    return known;
  }
}
