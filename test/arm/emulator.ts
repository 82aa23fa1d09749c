// Runs compiled modules on an emulated board: the driver (run_module.cc) is compiled once for Arm, each run is a script for it.

import { execFile } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { BufferRef, Launch } from '../../addon/index.js';
import { dtypeBytes, elementCount, type Tensor, type TensorType, viewBytes } from '../../runtime/core/tensor.js';
import { crossCompilerCxx, emulator, librariesRoot } from './tools.js';

const runFile = promisify(execFile);
const addon = resolve(__dirname, '../../addon');
const outputBytesMax = 256 << 20;

/** A module as the driver loads it. */
export interface Emulated {
  /** Paths of the shared object and the weights. */
  readonly object: string;
  readonly weights: string;
  readonly arenaBytes: number;
  readonly threads: number;
  readonly inputBytes: readonly number[];
  readonly plans: readonly (readonly Launch[])[];
}

/** What is done with it, in order. `read` adds to the answer. */
export type Action =
  | { readonly act: 'feed'; readonly input: number; readonly data: Tensor['data'] }
  | { readonly act: 'write'; readonly offset: number; readonly data: Tensor['data'] }
  | { readonly act: 'run'; readonly plan: number }
  | { readonly act: 'read'; readonly offset: number; readonly type: TensorType };

/** Compiles the driver into `folder`. @returns its path */
export async function buildDriver(folder: string): Promise<string> {
  const driver = join(folder, 'run_module');
  const core = ['src/cpu', 'src/host', 'src/npu'].flatMap((room) =>
    readdirSync(join(addon, room))
      .filter((name) => name.endsWith('.cc'))
      .map((name) => join(addon, room, name)),
  );
  const include = ['include', 'src', 'plugins'].map((name) => `-I${join(addon, name)}`);
  const flags = ['-std=c++20', '-O1', '-Wall', '-Wextra', '-Werror', ...include];
  await runFile(crossCompilerCxx, [...flags, resolve(__dirname, 'run_module.cc'), ...core, '-pthread', '-ldl', '-o', driver]);
  return driver;
}

/**
 * Runs a module on an emulated core.
 * @param folder takes the script and the files that it names
 * @returns what was read, in order
 */
export async function emulate(
  driver: string,
  core: string,
  folder: string,
  module: Emulated,
  actions: readonly Action[],
): Promise<Tensor[]> {
  const script = join(folder, 'script.txt');
  writeFileSync(script, `${[...describe(module), ...actions.map((action, i) => print(action, folder, i))].join('\n')}\n`);
  const args = ['-cpu', core, '-L', librariesRoot, driver, script];
  const { stdout } = await runFile(emulator, args, { encoding: 'buffer', maxBuffer: outputBytesMax });
  let at = 0;
  return actions.flatMap((action) => {
    if (action.act !== 'read') return [];
    const bytes = new Uint8Array(stdout.subarray(at, at + byteCount(action.type)));
    at += bytes.length;
    return [{ ...action.type, data: viewBytes(action.type.dtype, bytes) }];
  });
}

function byteCount({ dtype, shape }: TensorType): number {
  return elementCount(shape) * dtypeBytes(dtype);
}

function describe({ object, weights, arenaBytes, threads, inputBytes, plans }: Emulated): string[] {
  return [
    `object ${object}`,
    `weights ${weights}`,
    `arena ${arenaBytes}`,
    `threads ${threads}`,
    ...inputBytes.map((bytes) => `input ${bytes}`),
    ...plans.flatMap((launches) => ['plan', ...launches.flatMap(printLaunch)]),
  ];
}

function printLaunch({ kernel, extent, buffers }: Launch): string[] {
  return [`launch ${kernel} ${extent}`, ...buffers.map(({ space, offset }: BufferRef) => `${space}-buffer ${offset}`)];
}

function print(action: Action, folder: string, number: number): string {
  if (action.act === 'run') return `run ${action.plan}`;
  if (action.act === 'read') return `read ${action.offset} ${byteCount(action.type)}`;
  const path = join(folder, `data${number}.bin`);
  const { buffer, byteOffset, byteLength } = action.data;
  writeFileSync(path, new Uint8Array(buffer, byteOffset, byteLength));
  return action.act === 'feed' ? `feed ${action.input} ${path}` : `write ${action.offset} ${path}`;
}
