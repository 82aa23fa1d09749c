// What the candidates of one program are measured on: noise for its inputs and constants, a place in the arena for each buffer, and
// what they should compute.

import { writeFileSync } from 'node:fs';
import { allocate, dtypeBytes, elementCount, type Tensor } from '../core/tensor.js';
import type { Region } from '../device/measure-messages.js';
import { fillNoise } from '../device/noise.js';
import { runProgram } from '../loop/interpret.js';
import type { Program, Buffer as ProgramBuffer } from '../loop/program.js';
import { anatomyOf } from '../schedule/anatomy.js';

/** Multiply-adds that the interpreter does in a moment; beyond, the plain translation is the truth. */
const interpretedMax = 200_000;
/** All copies of the inputs and outputs together, in bytes. */
const arenaBytesMax = 256 * 1024 * 1024;
/** Runs take turns with so many copies. */
const copiesMax = 2;
const alignment = 64;

export interface TrialData {
  readonly copies: number;
  readonly arenaBytes: number;
  readonly inputs: readonly (Region & { readonly seed: number })[];
  /** By copy. */
  readonly outputs: readonly (readonly Region[])[];
  /** Byte offset in the arena by name of the buffer, for each copy. */
  readonly offsets: readonly ReadonlyMap<string, number>[];
  /** By name; small ones as well as weights. */
  readonly constants: ReadonlyMap<string, Tensor>;
}

export function makeTrialData(program: Program): TrialData {
  const placed = program.buffers.filter(({ role }) => role === 'input' || role === 'output');
  const bytes = placed.reduce((sum, buffer) => sum + bytesOf(buffer), 0);
  const copies = bytes * copiesMax <= arenaBytesMax ? copiesMax : 1;
  const inputs: (Region & { seed: number })[] = [];
  const outputs: Region[][] = [];
  const offsets: Map<string, number>[] = [];
  let arenaBytes = 0;
  for (let copy = 0; copy < copies; copy++) {
    const places = new Map<string, number>();
    const written: Region[] = [];
    for (const buffer of placed) {
      const region = { offset: arenaBytes, dtype: buffer.dtype, count: elementCount(buffer.shape) };
      places.set(buffer.name, arenaBytes);
      arenaBytes += bytesOf(buffer);
      if (buffer.role === 'output') written.push(region);
      else inputs.push({ ...region, seed: seedOf(program, buffer) });
    }
    outputs.push(written);
    offsets.push(places);
  }
  const constants = program.buffers.filter(({ role }) => role === 'constant').map((buffer) => noiseFor(program, buffer));
  return { copies, arenaBytes, inputs, outputs, offsets, constants: new Map(constants) };
}

/** Writes what the outputs should be, where the interpreter can tell. @returns false where it would take too long */
export function writeTruth(path: string, program: Program, data: TrialData): boolean {
  const { space, reduce } = anatomyOf(program);
  const work = [...space, ...reduce].reduce((product, { extent }) => product * extent, 1);
  if (work > interpretedMax) return false;
  const inputs = program.buffers.filter(({ role }) => role === 'input').map((buffer) => noiseFor(program, buffer));
  const results = runProgram(program, new Map([...inputs, ...data.constants]));
  const written = program.buffers.filter(({ role }) => role === 'output').map(({ name }) => results.get(name)?.data);
  const parts = written.map((part) =>
    part === undefined ? Buffer.alloc(0) : Buffer.from(part.buffer, part.byteOffset, part.byteLength),
  );
  writeFileSync(path, Buffer.concat(parts));
  return true;
}

function bytesOf({ shape, dtype }: ProgramBuffer): number {
  return Math.ceil((elementCount(shape) * dtypeBytes(dtype)) / alignment) * alignment;
}

function seedOf(program: Program, buffer: ProgramBuffer): number {
  return program.buffers.indexOf(buffer) + 1;
}

function noiseFor(program: Program, buffer: ProgramBuffer): [string, Tensor] {
  const { name, dtype, shape } = buffer;
  const data = allocate(dtype, elementCount(shape));
  fillNoise(dtype, data, seedOf(program, buffer));
  return [name, { dtype, shape, data }];
}
