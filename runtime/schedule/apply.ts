// Replays a schedule on a program. A step that is not legal gives a reason; it never throws.

import { unreachable } from '../core/assert.js';
import type { Program } from '../loop/program.js';
import { sharingFault } from '../loop/sharing.js';
import { bind } from './bind.js';
import { cut } from './cut.js';
import { dot } from './dot.js';
import { demand, Illegal } from './illegal.js';
import { setMode } from './mode.js';
import { fuse, reorder, split } from './nest.js';
import { pack } from './pack.js';
import { rfactor } from './rfactor.js';
import { sink } from './sink.js';
import type { Schedule, Step } from './steps.js';

export type Applied =
  | { readonly legal: true; readonly program: Program }
  /** `step` is the index of the step that is not legal. */
  | { readonly legal: false; readonly step: number; readonly reason: string };

/** The program after all steps, or the first step that is not legal and why. What the program computes never changes. */
export function apply(schedule: Schedule, program: Program): Applied {
  let current = program;
  for (const [index, step] of schedule.entries()) {
    try {
      current = applyStep(step, current);
      for (const statement of current.body) {
        const fault = sharingFault(statement);
        demand(fault === undefined, `${fault}`);
      }
    } catch (error) {
      if (error instanceof Illegal) return { legal: false, step: index, reason: error.message };
      throw error;
    }
  }
  return { legal: true, program: current };
}

function applyStep(step: Step, program: Program): Program {
  switch (step.step) {
    case 'split':
      return split(program, step);
    case 'fuse':
      return fuse(program, step);
    case 'reorder':
      return reorder(program, step.loops);
    case 'sink':
      return sink(program, step.loop);
    case 'cut':
      return cut(program, step.loop, step.at);
    case 'pack':
      return pack(program, step.buffer, step.loops);
    case 'rfactor':
      return rfactor(program, step.loop);
    case 'dot':
      return dot(program, step.loop);
    case 'vectorize':
      return setMode(program, step.loop, 'vector');
    case 'unroll':
      return setMode(program, step.loop, 'unroll');
    case 'parallel':
      return setMode(program, step.loop, 'parallel');
    case 'bind':
      return bind(program, step.loop, { dimension: step.dimension, group: step.group });
    default:
      return unreachable(step);
  }
}
