// An OpenCL device as a target: the machine that schedules see, how its programs are scheduled, and what a manifest says of it.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openclLanes, writeClKernels, writeClProgram } from '../codegen/opencl.js';
import type { OpenclDevice } from '../device/opencl.js';
import { computesInHalves } from '../loop/arithmetic.js';
import { defaultSchedule } from '../schedule/default.js';
import type { TuningMachine } from '../schedule/machine.js';
import type { Place } from '../schedule/records.js';
import type { Scheduling } from './assemble.js';
import type { BatchTarget } from './batch.js';
import { programFile } from './files.js';
import type { Known } from './known.js';
import type { OpenclPart, openclSwitches } from './manifest.js';

/** What programs are built with: products and sums may become one instruction, nothing else is relaxed. */
export const programSwitches: readonly (typeof openclSwitches)[number][] = ['-cl-std=CL1.2', '-cl-mad-enable'];

/** What the facts of a driver say of a GPU's make. */
interface Make {
  /** Work-items that a unit wants at once, and those of a work-group of a kernel that uses many registers. */
  readonly itemsPerUnit: number;
  readonly groupMax: number;
  /** Vectors in registers beside the addresses, and how many of them let as many work-items run as there can be. */
  readonly vectorRegisters: number;
  readonly vectorsFull: number;
  readonly l1Bytes: number;
}

/** With local memory of its own come register files for many more work-items. */
const discrete: Make = { itemsPerUnit: 512, groupMax: 128, vectorRegisters: 32, vectorsFull: 24, l1Bytes: 64 * 1024 };
/** 64 registers of 32 bits, as Bifrost and Valhall: 32 of them let all work-items run. */
const scalar: Make = { itemsPerUnit: 256, groupMax: 64, vectorRegisters: 12, vectorsFull: 7, l1Bytes: 16 * 1024 };
/** 16 registers of vectors, as Midgard. */
const vector: Make = { itemsPerUnit: 128, groupMax: 64, vectorRegisters: 6, vectorsFull: 4, l1Bytes: 16 * 1024 };

/** In larger groups a work-item has few registers. */
const groupsTriedMax = 256;

const l2BytesMin = 256 * 1024;

function makeOf({ localBytes, type, floatLanes }: OpenclDevice): Make {
  if (localBytes > 0 && type === 'gpu') return discrete;
  return type === 'gpu' && floatLanes >= openclLanes ? vector : scalar;
}

/** The device as schedules see it. */
export function openclMachine(device: OpenclDevice): TuningMachine {
  const { itemsPerUnit, groupMax, vectorRegisters, vectorsFull, l1Bytes } = makeOf(device);
  return {
    lanes: openclLanes,
    vectorRegisters,
    fmaPerCycle: 1,
    threads: 1,
    l1Bytes,
    l2Bytes: Math.max(device.cacheBytes, l2BytesMin),
    grid: {
      items: device.units * itemsPerUnit,
      groupMax: Math.min(groupMax, device.workGroupMax),
      groupLimit: Math.min(groupsTriedMax, device.workGroupMax),
      groupSides: device.workItemMax,
      vectorsFull,
    },
  };
}

/** As programs that compute in halves see it: some drivers keep two halves in a register of 32 bits, others one. */
function narrowMachine(machine: TuningMachine): TuningMachine {
  const { vectorRegisters, grid } = machine;
  const more = (vectors: number) => Math.floor(vectors * 1.5);
  return {
    ...machine,
    vectorRegisters: more(vectorRegisters),
    ...(grid === undefined ? {} : { grid: { ...grid, vectorsFull: more(grid.vectorsFull) } }),
  };
}

export function openclScheduling(device: OpenclDevice, known: Known | undefined): Scheduling {
  const machine = openclMachine(device);
  const narrow = narrowMachine(machine);
  return (program) => known?.schedule(program) ?? defaultSchedule(program, computesInHalves(program) ? narrow : machine);
}

/** As OpenCL C, which the driver compiles when it is measured. */
export function openclBatches(device: OpenclDevice): BatchTarget {
  return {
    write: (program, first) =>
      writeClKernels(
        (i) => `k${first + i}`,
        program,
        () => true,
      ),
    build: async (folder, kernels) => {
      const source = join(folder, programFile);
      await writeFile(source, writeClProgram(kernels));
      return { object: '', opencl: { device, source, switches: programSwitches } };
    },
  };
}

/** Where records of the device stand. Its work-items are not threads that one could have fewer of. */
export function openclPlace({ fingerprint }: OpenclDevice): Place {
  return { device: fingerprint, threads: 1 };
}

export function openclPart({ name, driver, fingerprint }: OpenclDevice): OpenclPart {
  return { device: name, driver, fingerprint, switches: programSwitches };
}
