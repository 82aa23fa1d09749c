// What health says of that which does not work: the problem, and what its owner can do.

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

/** @param error nothing if there is none */
export function complainOfModel(name: string, error: ErrorFacts | undefined): Complaint | undefined {
  if (error === undefined) return undefined;
  const { code, message: problem } = error;
  if (code === 'models-memory') return { problem, cure: 'raise the setting models.memory_mb, or serve a smaller model' };
  return { problem, cure: `compile it again, onbox compile MODEL.onnx --name ${name}, or remove it: onbox rm ${name}` };
}
