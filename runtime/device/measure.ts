// Runs candidates on the device and times them, in a child process: one that crashes, hangs or computes something else is told as
// such, and the others are measured by another child.

import { OnboxError } from '../core/error.js';
import { type ChildScript, scriptOf, startChild } from './child.js';
import type { FromMeasurer, Measured, MeasureRequest, ToMeasurer } from './measure-messages.js';
import { type ProbeOptions, retestOpencl } from './opencl-probe.js';

export interface MeasureOptions {
  /** For one candidate, and for the start of a child; then it is killed. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** The child's script, and what Node needs to run it: those of this process where they are absent. */
  readonly child?: ChildScript;
  /** Processors that candidates run on, by number: all of them where they are absent. */
  readonly processors?: readonly number[] | undefined;
  /** How an OpenCL device is tested after a candidate that crashed or hung. */
  readonly probe?: ProbeOptions;
}

/**
 * Measures all candidates of a request, in order.
 * @returns by candidate; fewer of them if `signal` aborts
 * @throws OnboxError `measure-failed` if the child cannot even load what it is given, `opencl-unusable` if the device does not work any
 *   more after a candidate that crashed or hung
 */
export async function measure(request: MeasureRequest, options: MeasureOptions): Promise<Measured[]> {
  const measured: Measured[] = [];
  while (measured.length < request.candidates.length && options.signal?.aborted !== true) {
    await measureFrom(request, measured, options);
    const isBroken = ['crashed', 'timeout'].includes(measured.at(-1)?.outcome ?? '');
    if (isBroken && request.opencl !== undefined) await retestOpencl(request.opencl.device, options.probe);
  }
  return measured;
}

/** Runs one child until it is done, or until it breaks, and says by what. */
async function measureFrom(request: MeasureRequest, measured: Measured[], options: MeasureOptions): Promise<void> {
  const { child, lastWords } = startChild(options.child ?? scriptOf('measure-child'), { processors: options.processors });
  const first = measured.length;
  let started: number | undefined;
  let timer: NodeJS.Timeout | undefined;
  const kill = (): void => void child.kill('SIGKILL');
  options.signal?.addEventListener('abort', kill);
  let isLate = false;
  const watch = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      isLate = true;
      kill();
    }, options.timeoutMs);
  };
  try {
    await new Promise<void>((resolve, reject) => {
      const fail = (message: string, cause?: unknown): void =>
        reject(new OnboxError(message, { code: 'measure-failed', cause }));
      child.on('error', (cause) => fail('the measuring process cannot be started', cause));
      child.on('exit', (code, signal) => {
        if (started !== undefined && options.signal?.aborted !== true) {
          measured[started] = { outcome: isLate ? 'timeout' : 'crashed' };
        }
        if (measured.length > first || options.signal?.aborted === true) resolve();
        else fail(`the measuring process ended with ${signal ?? code}: ${lastWords()}`);
      });
      child.on('message', (message: FromMeasurer) => {
        watch();
        if (message.kind === 'started') started = message.candidate;
        else if (message.kind === 'measured') {
          measured[message.candidate] = message.measured;
          started = undefined;
        } else if (message.kind === 'done') resolve();
        else fail(`the measuring process failed: ${message.message}`);
      });
      watch();
      child.send({ request, first } satisfies ToMeasurer, () => undefined);
    });
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', kill);
    kill();
  }
}
