// A program, its weights and plans on an OpenCL device: what the addon wants to know of the device, from its description.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { ClOptions, NativeSession, SessionOptions } from '../../addon/index.js';
import { createNativeSession, listOpencl } from './native.js';
import { describeOpencl, type OpenclDevice, openclLibraries, openclProfile } from './opencl.js';

export interface OpenclSessionOptions extends Omit<SessionOptions, 'opencl'> {
  readonly device: OpenclDevice;
  readonly program: {
    /** Absolute path of OpenCL C. */
    readonly source: string;
    readonly switches: readonly string[];
    /** Absolute path of the file that keeps the compiled program, or ''. */
    readonly binary: string;
  };
  /** Parts of the arena that a run brings to the host. */
  readonly outputs: ClOptions['outputs'];
}

/** @throws OnboxError with the codes of `NativeAddon.createSession` */
export function createOpenclSession({ device, program, outputs, ...rest }: OpenclSessionOptions): NativeSession {
  const { source, switches, binary } = program;
  const buildOptions = switches.join(' ');
  const key = createHash('sha256').update(`${device.fingerprint}\n${buildOptions}\n`).update(readFileSync(source));
  return createNativeSession({
    ...rest,
    opencl: {
      library: device.library,
      platform: device.platform,
      device: device.device,
      isMemoryUnified: device.isMemoryUnified,
      source,
      buildOptions,
      binary,
      binaryKey: key.digest('hex'),
      outputs,
      workGroupMax: device.workGroupMax,
      localBytesMax: device.localBytes,
    },
  });
}

/**
 * The devices of this machine as their drivers describe them, unproven (opencl-probe.ts proves them): the drivers run in this process.
 * @throws OnboxError `addon-missing`, `opencl-missing`, `opencl-failed`, `opencl-profile`
 */
export function listOpenclDevices(): readonly OpenclDevice[] {
  return describeOpencl(listOpencl(openclLibraries()), openclProfile());
}
