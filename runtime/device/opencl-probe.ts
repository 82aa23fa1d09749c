// Which OpenCL devices can be trusted: every driver is asked and tested in a child process with a deadline, since drivers crash, hang
// and miscompute. What cannot be used is told with the reason and the cure.

import { OnboxError } from '../core/error.js';
import { type ChildScript, scriptOf, startChild } from './child.js';
import { describeOpencl, type OpenclDevice, openclLibraries, openclProfile } from './opencl.js';
import { cureOf, type OpenclFault, type OpenclProblem, probeSystem } from './opencl-cure.js';
import type { FromProber, ToProber } from './opencl-messages.js';

export interface ProbedDevice {
  readonly device: OpenclDevice;
  /** Absent where the device computed everything right. */
  readonly problem?: OpenclProblem;
}

export interface OpenclReport {
  readonly devices: readonly ProbedDevice[];
  /** Where there are no devices at all. */
  readonly problem?: OpenclProblem;
}

export interface ProbeOptions {
  readonly environment?: NodeJS.ProcessEnv;
  /** For one child: a driver that has not seen a program before compiles it. */
  readonly timeoutMs?: number;
  /** The folder that has etc/, dev/ and sys/. */
  readonly root?: string;
  readonly child?: ChildScript;
}

type Answer = FromProber | { readonly kind: 'crashed'; readonly end: string } | { readonly kind: 'timeout' };

const timeoutMsDefault = 60_000;

/**
 * Lists the devices of this machine and tests each.
 * @throws OnboxError `addon-missing`, `opencl-profile`
 */
export async function probeOpencl(options: ProbeOptions = {}): Promise<OpenclReport> {
  const { environment = process.env, root = '/' } = options;
  const profile = openclProfile(environment);
  const facts = probeSystem(root);
  const listed = await ask({ kind: 'list', libraries: openclLibraries(environment) }, options);
  if (listed.kind !== 'platforms') return { devices: [], problem: cureOf(faultOf(listed, 'its list of devices'), facts) };
  const found = describeOpencl(listed.platforms, profile);
  if (found.length === 0) {
    const kind = listed.platforms.length === 0 ? 'no-platform' : 'no-device';
    return { devices: [], problem: cureOf({ kind, detail: '' }, facts) };
  }
  const devices: ProbedDevice[] = [];
  for (const device of found) {
    const fault = await testDevice(device, options);
    devices.push(fault === undefined ? { device } : { device, problem: cureOf(fault, facts) });
  }
  return { devices };
}

/**
 * The device to compile for: the first that works, a GPU before anything else. Where there is a GPU that does not work, nothing takes its
 * place unsaid.
 * @throws OnboxError `opencl-unusable` with every reason and cure
 */
export function chooseOpencl({ devices, problem }: OpenclReport): OpenclDevice {
  const usable = devices.filter((probed) => probed.problem === undefined).map(({ device }) => device);
  const hasBroken = devices.some((probed) => probed.device.type === 'gpu' && probed.problem !== undefined);
  const chosen = usable.find(({ type }) => type === 'gpu') ?? (hasBroken ? undefined : usable[0]);
  if (chosen !== undefined) return chosen;
  const reasons = [
    ...(problem === undefined ? [] : [`${problem.reason}; ${problem.cure}`]),
    ...devices.flatMap(({ device, problem: of }) => (of === undefined ? [] : [`${device.name}: ${of.reason}; ${of.cure}`])),
  ];
  throw new OnboxError(`no OpenCL ${hasBroken ? 'GPU' : 'device'} can be used: ${reasons.join(' ')}`, {
    code: 'opencl-unusable',
  });
}

/**
 * Tests a device again, as after a kernel that crashed or hung, which some GPUs do not survive.
 * @throws OnboxError `opencl-unusable` with the reason and the cure
 */
export async function retestOpencl(device: OpenclDevice, options: ProbeOptions = {}): Promise<void> {
  const fault = await testDevice(device, options);
  if (fault === undefined) return;
  const problem = cureOf(fault, probeSystem(options.root ?? '/'));
  chooseOpencl({ devices: [{ device, problem }] });
}

async function testDevice(device: OpenclDevice, options: ProbeOptions): Promise<OpenclFault | undefined> {
  if (!device.isAvailable) return { kind: 'unavailable', detail: '' };
  if (!device.hasCompiler) return { kind: 'no-compiler', detail: '' };
  const tested = await ask({ kind: 'test', device }, options);
  if (tested.kind !== 'tested') return faultOf(tested, 'its self-test');
  return tested.wrong === undefined ? undefined : { kind: 'wrong', detail: tested.wrong };
}

function faultOf(answer: Answer, during: string): OpenclFault {
  if (answer.kind === 'timeout') return { kind: 'timeout', detail: during };
  if (answer.kind === 'crashed') return { kind: 'crashed', detail: `${during} (${answer.end})` };
  if (answer.kind !== 'failed') return { kind: 'failed', detail: `${during} has no answer` };
  if (answer.code === 'addon-missing') throw new OnboxError(answer.message, { code: answer.code });
  return { kind: answer.code === 'opencl-missing' ? 'no-library' : 'failed', detail: answer.message };
}

/** Runs one child for one question. */
async function ask(request: ToProber, options: ProbeOptions): Promise<Answer> {
  const { environment = process.env, timeoutMs = timeoutMsDefault } = options;
  const { child, lastWords } = startChild(options.child ?? scriptOf('opencl-child'), { environment });
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<Answer>((resolve) => {
      timer = setTimeout(() => resolve({ kind: 'timeout' }), timeoutMs);
      child.on('error', (cause) => resolve({ kind: 'crashed', end: cause.message }));
      child.on('exit', (code, signal) =>
        resolve({ kind: 'crashed', end: [signal ?? `status ${code}`, lastWords()].join(' ').trim() }),
      );
      child.on('message', (message: FromProber) => resolve(message));
      child.send(request, () => undefined);
    });
  } finally {
    clearTimeout(timer);
    child.kill('SIGKILL');
  }
}
