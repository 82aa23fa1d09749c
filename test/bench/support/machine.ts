// What a reader must know of the machine to weigh the numbers.

import { availableParallelism, cpus, loadavg } from 'node:os';

/** Processes that want a core, on average: fewer are the system's own. */
const loadMax = 0.3;

export interface MachineFacts {
  readonly cpu: string;
  readonly cores: number;
  readonly node: string;
  /** Mean count of processes that wanted a core in the minute before. */
  readonly load: number;
}

export function describeMachine(): MachineFacts {
  return {
    cpu: cpus()[0]?.model.trim() || process.arch,
    cores: availableParallelism(),
    node: process.version,
    load: loadavg()[0] ?? 0,
  };
}

/** One line, and a warning if others use the machine too. */
export function printMachine({ cpu, cores, node, load }: MachineFacts): string {
  const line = `${cpu}, ${cores} cores, Node ${node}`;
  return load > loadMax ? `${line}\nnote: the load is ${load.toFixed(1)}; others use this machine, and times are noisy` : line;
}
