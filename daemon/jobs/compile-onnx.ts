// The one call of the compiler: options of the daemon in, the facts that the store records out. Runs in a compile child, or in
// the command line for models that are not installed.

import { compileFile, type Manifest, mergeOverrides, readSidecar } from '../../runtime/index.js';
import type { CompileProgress, CompileRequest, CompileResult } from './messages.js';

/** @throws OnboxError what the compiler says of the model */
export async function compileOnnx(
  request: CompileRequest,
  onProgress: (progress: CompileProgress) => void,
): Promise<CompileResult> {
  const { name, onnx, outFolder, options, records } = request;
  const { inputs, otherInputs, cut, threads, target, place, precision, exact, ...flags } = options;
  const { manifest, place: placement } = await compileFile(onnx, {
    ...mergeOverrides(flags, await readSidecar(onnx)),
    ...(inputs === undefined ? {} : { inputs }),
    ...(otherInputs === undefined ? {} : { otherInputs }),
    ...(cut === undefined ? {} : { cut }),
    ...(threads === undefined ? {} : { threads }),
    ...(target === undefined ? {} : { target }),
    ...(place === undefined ? {} : { place }),
    ...(precision === undefined ? {} : { precision }),
    ...(exact === undefined ? {} : { exact }),
    ...(records === undefined ? {} : { records }),
    name,
    outFolder,
    // The end is the answer's to tell.
    progress: (progress) => (progress.stage === 'done' ? undefined : onProgress(progress)),
  });
  return {
    digest: manifest.modelDigest,
    task: manifest.task,
    labels: manifest.labels,
    head: manifest.head?.kind ?? null,
    inputs: manifest.inputs.map(({ name: input, dtype, shape }) => ({ name: input, dtype, shape })),
    outputs: manifest.outputs.map(({ name: output, dtype, shape }) => ({ name: output, dtype, shape })),
    device: manifest.opencl?.device ?? 'cpu',
    report: {
      compileSeconds: manifest.compileSeconds,
      arenaBytes: manifest.arenaBytes,
      weightBytes: manifest.weightBytes,
      kernels: manifest.kernels.length,
      flops: flopsOf(manifest),
      selfCheck: manifest.selfCheck,
      ...(placement === undefined ? {} : { placement }),
      ...(manifest.precision === undefined ? {} : { precision: manifest.precision }),
    },
  };
}

/** Of one run on tensors: layers of one shape share a kernel, which runs once for each of them. */
export function flopsOf({ plans, kernels }: Pick<Manifest, 'plans' | 'kernels'>): number {
  return (plans[0] ?? []).reduce((sum, step) => sum + ('kernel' in step ? (kernels[step.kernel]?.flops ?? 0) : 0), 0);
}
