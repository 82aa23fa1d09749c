// The border between the addon and the runtime: the same session, whose errors are OnboxErrors.

import {
  loadAddon,
  type NativeAddon,
  type NativeSession,
  type OpenclPlatform,
  type SessionOptions,
} from '../../addon/index.js';
import { errorMessage, OnboxError } from '../core/error.js';

/**
 * Opens a compiled module.
 * @throws OnboxError `addon-missing` if the addon is not built, else the codes of `NativeAddon.createSession`; its methods throw
 * or reject with the codes of `NativeSession`
 */
export function createNativeSession(options: SessionOptions): NativeSession {
  const addon = openAddon();
  const session = translate(() => addon.createSession(options));
  return {
    run: (plan, inputs) => session.run(plan, inputs).catch(rethrow),
    profile: (plan, inputs) => session.profile(plan, inputs).catch(rethrow),
    view: (offset, bytes) => translate(() => session.view(offset, bytes)),
    commit: (offset, bytes) => translate(() => session.commit(offset, bytes)),
    npu: () => translate(() => session.npu()),
    close: () => session.close(),
  };
}

/**
 * The platforms of the first of `libraries` that has one. The drivers' code may crash or hang: opencl-probe.ts asks in a child.
 * @throws OnboxError `addon-missing`, `opencl-missing`, `opencl-failed`
 */
export function listOpencl(libraries: readonly string[]): readonly OpenclPlatform[] {
  return translate(() => openAddon().listOpencl(libraries));
}

/**
 * Opens a plugin of an NPU in this process, and asks which nodes of a subgraph it supports.
 * @throws OnboxError `addon-missing`, and the codes of `NativeAddon.askNpu`
 */
export function askNpu(...question: Parameters<NativeAddon['askNpu']>): ReturnType<NativeAddon['askNpu']> {
  return translate(() => openAddon().askNpu(...question));
}

/** HWCAP and HWCAP2 of this machine; 0 where it is not an Arm. @throws OnboxError `addon-missing` */
export function readHwcap(): { readonly hwcap: number; readonly hwcap2: number } {
  return openAddon().hwcap();
}

function openAddon(): NativeAddon {
  try {
    return loadAddon();
  } catch (cause) {
    throw new OnboxError(`the native addon does not load (${errorMessage(cause)}); build it with: npm run build`, {
      code: 'addon-missing',
      cause,
    });
  }
}

function translate<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    return rethrow(error);
  }
}

/** The addon's own errors carry a code. By its fields and not by class: they may be of another realm. */
function rethrow(error: unknown): never {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  if (typeof code !== 'string') throw error;
  throw new OnboxError(errorMessage(error), { code, cause: error });
}
