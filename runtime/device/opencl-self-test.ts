// Runs opencl-self-test.cl on a device and compares every number with what it must be.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BufferRef, ClLaunch } from '../../addon/index.js';
import { halfToNumber } from '../core/float16.js';
import type { OpenclDevice } from './opencl.js';
import { createOpenclSession } from './opencl-session.js';

const count = 1024;
const taps = 16;
const halfCount = 65_536;
/** Halves below this may be taken for 0, as some GPUs do without subnormal numbers. */
const halfNormalMin = 2 ** -14;
const sigmoidErrorMax = 1e-3;

/** Byte offsets in the arena: x, the sums, all halves as floats, sigmoids as halves. */
const xOffset = 0;
const sumOffset = 8192;
const floatOffset = 16_384;
const sigmoidOffset = floatOffset + halfCount * 4;
const arenaBytes = sigmoidOffset + count * 2;
/** In the weights: the taps, then every half. */
const halfOffset = taps * 4;

/** @returns what is wrong, in words; undefined where all is right. @throws OnboxError of createOpenclSession and of its run */
export async function selfTest(device: OpenclDevice): Promise<string | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'onbox-opencl-'));
  try {
    const weights = join(folder, 'weights.bin');
    writeFileSync(
      weights,
      Buffer.concat([bytesOf(weightTaps()), bytesOf(Uint16Array.from({ length: halfCount }, (_, i) => i))]),
    );
    const session = createOpenclSession({
      device,
      object: '',
      weights,
      arenaBytes,
      plans: [plan()],
      inputBytes: [count],
      threads: 1,
      program: { source: join(__dirname, 'opencl-self-test.cl'), switches: ['-cl-std=CL1.2'], binary: '' },
      outputs: [{ offset: sumOffset, bytes: arenaBytes - sumOffset }],
    });
    try {
      new Float32Array(session.view(xOffset, (count + taps) * 4).buffer, 0, count + taps).set(numbers());
      session.commit(xOffset, (count + taps) * 4);
      // Twice, as the first run of some drivers is one of its own.
      for (let run = 0; run < 2; run++) {
        await session.run(0, [Uint8Array.from({ length: count }, (_, i) => i % 256)]);
        const wrong = findWrong(session.view(0, arenaBytes).slice());
        if (wrong !== undefined) return wrong;
      }
      return undefined;
    } finally {
      session.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function plan(): ClLaunch[] {
  const arena = (offset: number): BufferRef => ({ space: 'arena', offset });
  const weights = (offset: number): BufferRef => ({ space: 'weights', offset });
  const line = { local: [64, 1, 1] } as const;
  return [
    {
      kernel: 0,
      global: [16, count / 4 / 16, 1],
      local: [16, 4, 1],
      buffers: [{ space: 'input', offset: 0 }, arena(xOffset), weights(0), arena(sumOffset)],
    },
    { kernel: 1, global: [halfCount / 4, 1, 1], ...line, buffers: [weights(halfOffset), arena(floatOffset)] },
    { kernel: 2, global: [count / 4, 1, 1], ...line, buffers: [arena(xOffset), arena(sigmoidOffset)] },
  ];
}

function findWrong(arena: Uint8Array): string | undefined {
  const x = numbers();
  const w = weightTaps();
  const sums = new Float32Array(arena.buffer, sumOffset, count);
  const floats = new Float32Array(arena.buffer, floatOffset, halfCount);
  const sigmoids = new Uint16Array(arena.buffer, sigmoidOffset, count);
  const sumOf = (i: number): number => w.reduce((sum, weight, k) => sum + weight * (x[i + k] ?? 0), i % 256);
  const sigmoidOf = (i: number): number => 1 / (1 + Math.exp(-(x[i] ?? 0) / 8));
  return (
    wrongAt('a sum of products', sums, sumOf, () => 0) ??
    wrongAt('a half read as float', floats, halfToNumber, (want) => (Math.abs(want) < halfNormalMin ? halfNormalMin : 0)) ??
    wrongAt('a sigmoid stored as half', Float32Array.from(sigmoids, halfToNumber), sigmoidOf, () => sigmoidErrorMax)
  );
}

function wrongAt(
  what: string,
  got: Float32Array,
  want: (index: number) => number,
  errorMax: (want: number) => number,
): string | undefined {
  const index = got.findIndex((value, i) => {
    const right = want(i);
    return Number.isFinite(right) ? !(Math.abs(value - right) <= errorMax(right)) : !Object.is(value, right);
  });
  return index < 0 ? undefined : `${what} is ${got[index]} instead of ${want(index)}`;
}

/** Small whole numbers around 0. */
function numbers(): Float32Array {
  return Float32Array.from({ length: count + taps }, (_, i) => ((i * 37) % 101) - 50);
}

function weightTaps(): Float32Array {
  return Float32Array.from({ length: taps }, (_, i) => ((i * 5) % 7) - 3);
}

function bytesOf({ buffer }: Float32Array | Uint16Array): Uint8Array {
  return new Uint8Array(buffer);
}
