// The two sides of the comparison with the same tensors before them: onbox's session and onnxruntime's, both as a program uses them.

import { InferenceSession, Tensor as PeerTensor } from 'onnxruntime-node';
import { assert } from '../../../runtime/core/assert.js';
import { elementCount, printType, type Tensor } from '../../../runtime/core/tensor.js';
import type { ImageInput, ModuleInput } from '../../../runtime/module/manifest.js';
import { openSession } from '../../../runtime/module/session.js';
import type { Runner } from './contest.js';
import { relativeError } from './statistics.js';

export interface Sides {
  readonly onbox: Runner;
  readonly onnxruntime: Runner;
  readonly arenaBytes: number;
  /** Largest difference of the answers, relative to the largest magnitude of an output, over all outputs. */
  compareAnswers(): Promise<number>;
  close(): Promise<void>;
}

/** Opens a model on both sides, each with `threads` threads for the work within an operator, and one operator at a time. */
export async function openSides(onnx: string, moduleFolder: string, threads: number): Promise<Sides> {
  const session = await openSession(moduleFolder, { threads });
  const peer = await InferenceSession.create(onnx, {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    // Errors: its warnings about unused initializers of a model are none of a benchmark's business.
    logSeverityLevel: 3,
  });
  const random = generator();
  const inputs = new Map(session.manifest.inputs.map((input) => [input.name, noise(input, session.manifest.image, random)]));
  const feeds = Object.fromEntries(
    [...inputs].map(([name, { data, shape }]) => [name, new PeerTensor('float32', data as Float32Array, shape)]),
  );
  return {
    onbox: () => session.runTensors(inputs),
    onnxruntime: () => peer.run(feeds),
    arenaBytes: session.manifest.arenaBytes,
    compareAnswers: async () => {
      const want = await peer.run(feeds);
      const got = await session.runTensors(inputs);
      return Math.max(...Object.entries(want).map(([name, { data }]) => outputError(got.get(name), data)));
    },
    close: async () => {
      session.close();
      await peer.release();
    },
  };
}

function outputError(got: Tensor | undefined, want: PeerTensor['data']): number {
  if (got === undefined || typeof want[0] === 'string') return Number.POSITIVE_INFINITY;
  return relativeError(Array.from(got.data, Number), Array.from(want as ArrayLike<number | bigint>, Number));
}

/**
 * A picture of noise as the model wants it, or numbers of 0..1 where onbox knows no picture. A picture out of the model's range would
 * leave some scores so near to 0 that only the rounding of either side were compared.
 */
function noise(type: ModuleInput, image: ImageInput | undefined, random: () => number): Tensor {
  assert(type.dtype === 'f32', `benchmarks feed float32 models, not ${printType(type)}`);
  const data = Float32Array.from({ length: elementCount(type.shape) }, random);
  if (image?.input === type.name) {
    const { mean, std, width, height, channelsLast } = image;
    for (let i = 0; i < data.length; i++) {
      const channel = channelsLast ? i % mean.length : Math.floor(i / (width * height));
      data[i] = (255 * (data[i] ?? 0) - (mean[channel] ?? 0)) / (std[channel] ?? 1);
    }
  }
  return { dtype: type.dtype, shape: type.shape, data };
}

/** xorshift32 (Marsaglia 2003): the same numbers on every machine. */
function generator(): () => number {
  let state = 2463534242;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
