// An OpenCL device as the compiler sees it: what its driver says of it, within the limits of the profile it is held to.

import { createHash } from 'node:crypto';
import type { Grid, OpenclFacts, OpenclPlatform } from '../../addon/index.js';

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
export const openclProfiles: readonly OpenclProfile[] = [
  { name: 'mali-t860', workGroupMax: 256, localBytes: 0 },
  { name: 'mali-g610', workGroupMax: 256, localBytes: 0 },
];

/** All devices of all platforms that can be compiled for. */
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
    workItemMax: facts.workItemMax,
    floatLanes: facts.floatLanes,
    hasHalfArithmetic,
    fingerprint: `opencl-${createHash('sha256').update(JSON.stringify(identity)).digest('hex').slice(0, 16)}`,
  };
}
