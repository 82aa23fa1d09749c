// An OpenCL device as the compiler sees it: what its driver says of it, within the limits of the profile it is held to.

import { createHash } from 'node:crypto';
import type { Grid, OpenclFacts, OpenclPlatform } from '../../addon/index.js';
import { OnboxError } from '../core/error.js';

export interface OpenclDevice {
  /** Where the addon finds it: library, and numbers of platform and device. */
  readonly library: string;
  readonly platform: number;
  readonly device: number;
  readonly platformName: string;
  readonly name: string;
  readonly driver: string;
  readonly version: string;
  readonly type: OpenclFacts['type'];
  readonly units: number;
  readonly megahertz: number;
  readonly globalBytes: number;
  /** Of one buffer. */
  readonly allocBytesMax: number;
  readonly cacheBytes: number;
  readonly cacheLineBytes: number;
  /** Of local memory that is faster than global memory; 0 where there is none, as on Mali, and code must do without. */
  readonly localBytes: number;
  readonly isMemoryUnified: boolean;
  /** CL_DEVICE_AVAILABLE, CL_DEVICE_COMPILER_AVAILABLE. */
  readonly isAvailable: boolean;
  readonly hasCompiler: boolean;
  readonly workGroupMax: number;
  readonly workItemMax: Grid;
  readonly floatLanes: number;
  /** cl_khr_fp16: arithmetic on half. Half as storage (vload_half) is there on every device. */
  readonly hasHalfArithmetic: boolean;
  /** Changes when code, binaries or schedules made here may no longer fit. */
  readonly fingerprint: string;
}

/** Limits of a device that this machine lacks: code for it can be made and run here as far as it keeps to them. */
export interface OpenclProfile {
  readonly name: string;
  readonly workGroupMax: number;
  readonly localBytes: number;
}

/** By the word that ONBOX_OPENCL_PROFILE takes. T860 and G610 have local memory in global memory only. */
const openclProfiles: readonly OpenclProfile[] = [
  { name: 'mali-t860', workGroupMax: 256, localBytes: 0 },
  { name: 'mali-g610', workGroupMax: 256, localBytes: 0 },
];

/** Names of libOpenCL as dlopen takes them, the ICD loader first. Drivers of Mali are often installed without one. */
const libraryNames = [
  'libOpenCL.so.1',
  'libOpenCL.so',
  'libMaliOpenCL.so.1',
  'libMaliOpenCL.so',
  'libmali.so.1',
  'libmali.so',
  '/usr/lib/aarch64-linux-gnu/mali/libOpenCL.so.1',
];

/** Those to try, in order: the one that ONBOX_OPENCL_LIBRARY names, or the usual ones. */
export function openclLibraries(environment: NodeJS.ProcessEnv = process.env): readonly string[] {
  const named = environment['ONBOX_OPENCL_LIBRARY'];
  return named === undefined || named === '' ? libraryNames : [named];
}

/** The profile that ONBOX_OPENCL_PROFILE names. @throws OnboxError `opencl-profile` if there is none of that name */
export function openclProfile(environment: NodeJS.ProcessEnv = process.env): OpenclProfile | undefined {
  const named = environment['ONBOX_OPENCL_PROFILE'];
  if (named === undefined || named === '') return undefined;
  const profile = openclProfiles.find(({ name }) => name === named);
  if (profile !== undefined) return profile;
  const known = openclProfiles.map(({ name }) => name).join(', ');
  throw new OnboxError(`ONBOX_OPENCL_PROFILE is ${JSON.stringify(named)}, there are ${known}`, { code: 'opencl-profile' });
}

/** All devices of all platforms, usable or not. */
export function describeOpencl(platforms: readonly OpenclPlatform[], profile?: OpenclProfile): OpenclDevice[] {
  return platforms.flatMap((platform, number) =>
    platform.devices.map((facts, device) => describeDevice(platform, number, facts, device, profile)),
  );
}

function describeDevice(
  platform: OpenclPlatform,
  number: number,
  facts: OpenclFacts,
  device: number,
  profile: OpenclProfile | undefined,
): OpenclDevice {
  const localBytes = facts.isLocalDedicated ? facts.localBytes : 0;
  const limits = {
    localBytes: Math.min(localBytes, profile?.localBytes ?? Number.POSITIVE_INFINITY),
    workGroupMax: Math.min(facts.workGroupMax, profile?.workGroupMax ?? Number.POSITIVE_INFINITY),
  };
  const hasHalfArithmetic = facts.extensions.includes('cl_khr_fp16');
  const identity = [platform.name, facts.name, facts.driver, facts.version, facts.units, hasHalfArithmetic, limits];
  return {
    library: platform.library,
    platform: number,
    device,
    platformName: platform.name,
    name: facts.name,
    driver: facts.driver,
    version: facts.version,
    type: facts.type,
    units: facts.units,
    megahertz: facts.megahertz,
    globalBytes: facts.globalBytes,
    allocBytesMax: facts.allocBytesMax,
    cacheBytes: facts.cacheBytes,
    cacheLineBytes: facts.cacheLineBytes,
    ...limits,
    isMemoryUnified: facts.isMemoryUnified,
    isAvailable: facts.isAvailable,
    hasCompiler: facts.hasCompiler,
    workItemMax: facts.workItemMax,
    floatLanes: facts.floatLanes,
    hasHalfArithmetic,
    fingerprint: `opencl-${createHash('sha256').update(JSON.stringify(identity)).digest('hex').slice(0, 16)}`,
  };
}
