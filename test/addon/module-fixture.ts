// Modules as the compiler would write them, but by hand and tiny: compiled with the box's gcc for the tests of the addon.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { SessionOptions } from '../../addon/index.js';

export const extent = 1000;
const vectorBytes = extent * 4;
/** Byte offsets of the arena. */
export const sumOffset = 0;
export const productOffset = 4096;

const include = resolve(__dirname, '..', '..', 'addon', 'include');

/** Kernel 0: out = a + b. Kernel 1: out = a * b. Kernel 2: out[i] += 1. Kernel 3 takes 100 ms. */
const code = `
#include "onbox_module.h"
#include <time.h>
static void add(void *const *b, int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; i++) ((float *)b[2])[i] = ((const float *)b[0])[i] + ((const float *)b[1])[i];
}
static void mul(void *const *b, int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; i++) ((float *)b[2])[i] = ((const float *)b[0])[i] * ((const float *)b[1])[i];
}
static void count(void *const *b, int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; i++) ((int32_t *)b[0])[i] += 1;
}
static void wait(void *const *b, int64_t begin, int64_t end) {
  (void)b; (void)begin; (void)end;
  struct timespec time = {0, 100000000};
  nanosleep(&time, 0);
}
static const onbox_kernel kernels[] = {add, mul, count, wait};
const onbox_module onbox_module_v1 = {SIZE, ABI, 4, 0, kernels};
`;

export interface Fixture {
  readonly folder: string;
  readonly object: string;
  readonly weights: string;
  /** Compiles the module of `code` under another name, with other words in its table. */
  build(name: string, table: { readonly size?: string; readonly abi?: string; readonly source?: string }): string;
  remove(): void;
}

/** A module and its weights, 1000 times the float 0.5, in a folder of their own. */
export function makeFixture(): Fixture {
  const folder = mkdtempSync(join(tmpdir(), 'onbox-addon-'));
  const build: Fixture['build'] = (name, table) => {
    const source = join(folder, `${name}.c`);
    const object = join(folder, `${name}.so`);
    writeFileSync(source, table.source ?? code);
    const defines = [`-DSIZE=${table.size ?? 'sizeof(onbox_module)'}`, `-DABI=${table.abi ?? 'ONBOX_MODULE_ABI'}`];
    execFileSync('cc', ['-std=gnu11', '-O2', '-shared', '-fPIC', `-I${include}`, ...defines, '-o', object, source]);
    return object;
  };
  const weights = join(folder, 'weights.bin');
  writeFileSync(weights, new Uint8Array(new Float32Array(extent).fill(0.5).buffer));
  return { folder, object: build('good', {}), weights, build, remove: () => rmSync(folder, { recursive: true }) };
}

/** Plan 0: sum = input 0 + weights. Plan 1: product = input 0 * input 1, then sum = product + weights. Plan 2 waits. */
export function optionsOf(fixture: Fixture, threads: number): SessionOptions {
  const input = (offset: number) => ({ space: 'input', offset }) as const;
  const arena = (offset: number) => ({ space: 'arena', offset }) as const;
  const weights = { space: 'weights', offset: 0 } as const;
  return {
    object: fixture.object,
    weights: fixture.weights,
    arenaBytes: 8192,
    inputBytes: [vectorBytes, vectorBytes],
    threads,
    plans: [
      [{ kernel: 0, extent, buffers: [input(0), weights, arena(sumOffset)] }],
      [
        { kernel: 1, extent, buffers: [input(0), input(1), arena(productOffset)] },
        { kernel: 0, extent, buffers: [arena(productOffset), weights, arena(sumOffset)] },
      ],
      [{ kernel: 3, extent: 1, buffers: [] }],
    ],
  };
}

/** The bytes of f32 values. */
export function floats(value: (index: number) => number): Uint8Array {
  return new Uint8Array(Float32Array.from({ length: extent }, (_, i) => value(i)).buffer);
}

/** An arena view as f32, copied into this realm. */
export function asFloats(view: Uint8Array): number[] {
  return [...new Float32Array(view.buffer, view.byteOffset, view.byteLength / 4)];
}
