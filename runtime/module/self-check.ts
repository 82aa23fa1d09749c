// The self-check that ends every compile: the module and its truth run side by side on the same sample.

import { OnboxError } from '../core/error.js';
import type { Tensor } from '../core/tensor.js';
import type { Built } from './build.js';
import { errorMax, errorOf } from './compare.js';
import { type Difference, firstDifference, type Ran } from './difference.js';
import type { ImageInput, Runnable, SelfCheck } from './manifest.js';
import { runnableOf } from './runnable.js';
import { makeSample, type Sample } from './sample.js';
import { type Session, startSession } from './session.js';

export interface CheckRequest {
  readonly module: Built;
  readonly truth: Built;
  readonly image: ImageInput | undefined;
  readonly threads: number;
  /** Of compare.ts where it is absent. */
  readonly errorMax?: number;
  /** Builds the module once more, with every value kept, to find the first that differs. */
  readonly trace: () => Promise<Built>;
}

/**
 * Runs every plan of a module and compares all outputs.
 * @throws OnboxError `self-check-failed` naming the first value that differs
 */
export async function selfCheck(request: CheckRequest): Promise<SelfCheck> {
  const { module, image, threads, errorMax: limit = errorMax } = request;
  const truth = start(request.truth, undefined, threads);
  const tested = start(module, image, threads);
  const sample = makeSample(tested.session.manifest.inputs, image);
  try {
    const want = await truth.session.runTensors(sample.tensors);
    const runs = [errorsOf(await tested.session.runTensors(sample.tensors), want)];
    for (const pixels of sample.pictures) runs.push(errorsOf(await tested.session.runPixels(pixels), want));
    const outputs = [...want.keys()].map((name) => ({
      name,
      maxRelativeError: Math.max(...runs.map((errors) => errors.get(name) ?? Number.POSITIVE_INFINITY)),
    }));
    const check = {
      passed: outputs.every(({ maxRelativeError }) => maxRelativeError <= limit),
      maxRelativeError: Math.max(0, ...outputs.map(({ maxRelativeError }) => maxRelativeError)),
      outputs,
    };
    if (check.passed) return check;
    throw failure(check, await traceDifference(request, truth, sample));
  } finally {
    truth.session.close();
    tested.session.close();
  }
}

async function traceDifference(
  { image, threads, trace }: CheckRequest,
  truth: Ran,
  sample: Sample,
): Promise<Difference | undefined> {
  const traced = start(await trace(), image, threads);
  const { session } = traced;
  try {
    await session.runTensors(sample.tensors);
    let difference = firstDifference(traced, truth, sample.tensors);
    for (const pixels of sample.pictures) {
      if (difference !== undefined) break;
      await session.runPixels(pixels);
      difference = firstDifference(traced, truth, sample.tensors);
    }
    return difference;
  } finally {
    session.close();
  }
}

function failure(check: SelfCheck, difference: Difference | undefined): OnboxError {
  const where =
    difference === undefined
      ? 'no value differs where each has memory of its own, so values overwrite each other'
      : `the first value that differs is ${JSON.stringify(difference.value)} of ${difference.operators}, by ${printError(difference.error)}`;
  const [worst] = [...check.outputs].sort((a, b) => b.maxRelativeError - a.maxRelativeError);
  const output = `output ${JSON.stringify(worst?.name ?? '')} by ${printError(check.maxRelativeError)}`;
  return new OnboxError(`the compiled module differs from the reference, in ${output} of its largest magnitude; ${where}`, {
    code: 'self-check-failed',
    details: { outputs: check.outputs, ...(difference === undefined ? {} : { firstDifference: difference }) },
  });
}

function printError(error: number): string {
  return error.toExponential(2);
}

function errorsOf(got: ReadonlyMap<string, Tensor>, want: ReadonlyMap<string, Tensor>): Map<string, number> {
  return new Map([...want].map(([name, tensor]) => [name, errorOf(got.get(name), tensor)]));
}

/** A module as it runs before it has a manifest. */
export function start(built: Built, image: ImageInput | undefined, threads: number): Ran {
  const session: Session<Runnable> = startSession(built.folder, runnableOf(built, image), threads);
  return { built, session };
}
