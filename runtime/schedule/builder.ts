// Puts a schedule together step by step: each decision sees the program as the steps before it left it, and a step that is not legal
// is not taken.

import type { Program } from '../loop/program.js';
import { findLoops } from '../loop/statement.js';
import { apply } from './apply.js';
import type { Schedule, Step } from './steps.js';

export class ScheduleBuilder {
  private readonly taken: Step[] = [];
  private current: Program;

  constructor(program: Program) {
    this.current = program;
  }

  /** The program after the steps so far. */
  get program(): Program {
    return this.current;
  }

  get steps(): Schedule {
    return this.taken;
  }

  /** Takes a step if it is legal. */
  try(step: Step): boolean {
    const applied = apply([step], this.current);
    if (!applied.legal) return false;
    this.current = applied.program;
    this.taken.push(step);
    return true;
  }

  /** Iterations of the first loop of a name; 1 where it is gone. */
  extentOf(loop: string): number {
    return findLoops(this.current.body, loop)[0]?.extent ?? 1;
  }

  /** Sets the last iteration of a loop apart, so that what guards it is decided once. */
  cutLast(loop: string): void {
    const extent = this.extentOf(loop);
    if (extent > 1) this.try({ step: 'cut', loop, at: extent - 1 });
  }
}
