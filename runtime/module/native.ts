// From a module folder to a session of the addon: on the CPU, or on the OpenCL device that the module was made for.

import { join, resolve } from 'node:path';
import type { NativeSession, NpuOptions, NpuPlugin, SessionOptions } from '../../addon/index.js';
import { errorCode, errorMessage, OnboxError } from '../core/error.js';
import { dtypeBytes, elementCount, type TensorType } from '../core/tensor.js';
import { createNativeSession } from '../device/native.js';
import { describeNpu, findNpuPlugin, npuFingerprint, npuRunTimeoutMs } from '../device/npu.js';
import type { OpenclDevice } from '../device/opencl.js';
import { createOpenclSession, listOpenclDevices } from '../device/opencl-session.js';
import { binaryFile, objectFile, programFile, weightsFile } from './files.js';
import { pixelTypesOf } from './image.js';
import type { NpuPart, OpenclPart, Runnable } from './manifest.js';

/** @throws OnboxError `module-foreign`, and those of the addon */
export function startNative(folder: string, manifest: Runnable, threads: number): NativeSession {
  const { opencl, outputs } = manifest;
  const options = optionsOf(folder, manifest, threads);
  if (opencl === undefined) return createNativeSession(options);
  return createOpenclSession({
    ...options,
    device: findDevice(opencl),
    program: {
      source: resolve(join(folder, programFile)),
      switches: opencl.switches,
      binary: resolve(join(folder, binaryFile)),
    },
    outputs: outputs.flatMap((output) => [
      { offset: output.offset, bytes: bytesOf(output) },
      ...(output.open === undefined ? [] : [{ offset: output.open.offset, bytes: dtypeBytes('i64') }]),
    ]),
  });
}

function optionsOf(folder: string, manifest: Runnable, threads: number): SessionOptions {
  const { image, inputs, plans, arenaBytes, opencl, npu } = manifest;
  const hasCode = opencl === undefined || plans.flat().some((launch) => 'extent' in launch);
  return {
    object: hasCode ? resolve(join(folder, objectFile)) : '',
    weights: resolve(join(folder, weightsFile)),
    arenaBytes,
    plans,
    inputBytes: [
      ...inputs.map(bytesOf),
      ...(image === undefined ? [] : pixelTypesOf(image).map((type) => image.width * image.height * 3 * dtypeBytes(type))),
    ],
    threads,
    ...(npu === undefined ? {} : { npu: npuOptionsOf(npu) }),
  };
}

function bytesOf({ dtype, shape }: TensorType): number {
  return elementCount(shape) * dtypeBytes(dtype);
}

/**
 * A plugin that is gone leaves the module to the CPU, and its regions say so; one that has changed makes it another module's.
 * @throws OnboxError `module-foreign`
 */
function npuOptionsOf({ plugin, fingerprint, regions }: NpuPart): NpuOptions {
  const timeoutMs = npuRunTimeoutMs();
  let found: NpuPlugin;
  try {
    found = findNpuPlugin(plugin);
    const now = npuFingerprint(describeNpu(found));
    if (now === fingerprint) return { plugin: found, regions, timeoutMs };
  } catch (cause) {
    // The addon says of every region why it does not open; a path that names nothing is such a reason.
    return { plugin: { path: `/${plugin}.so: ${errorMessage(cause)}`, options: '' }, regions, timeoutMs };
  }
  throw new OnboxError(
    `the module was made for another state of the NPU's plugin ${JSON.stringify(plugin)}, runtime or driver`,
    {
      code: 'module-foreign',
    },
  );
}

/** The device with the driver that the module was compiled and checked on: code for another may be slow there, or wrong. */
function findDevice({ device, driver, fingerprint }: OpenclPart): OpenclDevice {
  const wanted = `the module was made for ${JSON.stringify(device)} with driver ${JSON.stringify(driver)}`;
  const foreign = (here: string, cause?: unknown) =>
    new OnboxError(`${wanted}, ${here}`, { code: 'module-foreign', ...(cause === undefined ? {} : { cause }) });
  let devices: readonly OpenclDevice[];
  try {
    devices = listOpenclDevices();
  } catch (cause) {
    if (!['opencl-missing', 'opencl-failed'].includes(errorCode(cause))) throw cause;
    throw foreign(`here is no OpenCL: ${errorMessage(cause)}`, cause);
  }
  const found = devices.find((candidate) => candidate.fingerprint === fingerprint);
  if (found !== undefined) return found;
  const names = devices.map((other) => `${JSON.stringify(other.name)} with driver ${JSON.stringify(other.driver)}`);
  throw foreign(`this machine has ${names.join(', ') || 'no OpenCL device'}`);
}
