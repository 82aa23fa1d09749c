// What health says of that which does not work: the problem, and what its owner can do.

import type { LoadedModel } from '../engine/messages.js';
import type { Complaint, ErrorFacts, Health } from './types.js';

/** Nothing if the engine takes work. */
export function complainOfEngine({ engine }: Health): Complaint | undefined {
  if (engine.ready) return undefined;
  if (engine.restarts === 0) return { problem: 'the engine is starting', cure: 'wait some seconds' };
  return {
    problem: `the engine ended and is started again, for the ${engine.restarts + 1}. time`,
    cure: 'requests wait for it; if it does not stay, the log says why: journalctl -u onbox, lines with engine-exit',
  };
}

/**
 * The GPU, where models are compiled for it.
 * @param errors why the last request of each of them failed, where it did
 */
export function gpuFacts(
  errors: readonly (ErrorFacts | undefined)[],
): readonly ({ device: string; ok: boolean } & Partial<Complaint>)[] {
  if (errors.length === 0) return [];
  const error = errors.find((each) => each?.code.startsWith('opencl-') === true);
  if (error === undefined) return [{ device: 'gpu', ok: true }];
  return [{ device: 'gpu', ok: false, problem: error.message, cure: 'onbox doctor says what the GPU lacks and how to get it' }];
}

/** The NPU, where a loaded model has regions on it. `ok` is false once the CPU answers for one of them. */
export function npuFacts(models: readonly LoadedModel[]): readonly ({ device: string; ok: boolean } & Partial<Complaint>)[] {
  const parts = models.flatMap(({ npu }) => npu ?? []);
  if (parts.length === 0) return [];
  const [reason] = parts.flatMap(({ reasons }) => reasons);
  if (reason === undefined) return [{ device: 'npu', ok: true }];
  const problem = `the CPU answers for regions of the NPU: ${reason}`;
  return [{ device: 'npu', ok: false, problem, cure: 'answers are right but slower; restart onbox to try the NPU again' }];
}

/** @param error nothing if there is none */
export function complainOfModel(name: string, error: ErrorFacts | undefined): Complaint | undefined {
  if (error === undefined) return undefined;
  const { code, message: problem } = error;
  if (code === 'models-memory') return { problem, cure: 'raise the setting models.memory_mb, or serve a smaller model' };
  return { problem, cure: `compile it again, onbox compile MODEL.onnx --name ${name}, or remove it: onbox rm ${name}` };
}
