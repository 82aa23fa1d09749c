// What is wrong with OpenCL on a machine, in words, and what to do about it: from what failed and from what Linux shows of the drivers.

import { accessSync, constants, readdirSync, readlinkSync } from 'node:fs';
import { basename, join } from 'node:path';

export interface OpenclFault {
  readonly kind:
    | 'no-library'
    | 'no-platform'
    | 'no-device'
    | 'unavailable'
    | 'no-compiler'
    | 'crashed'
    | 'timeout'
    | 'wrong'
    | 'failed';
  /** What failed, or with which words. */
  readonly detail: string;
}

/** Why something cannot be used, and what to do about it: sentences without their full stops. */
export interface OpenclProblem {
  readonly reason: string;
  readonly cure: string;
}

/** What Linux shows of GPUs and of drivers for OpenCL. */
export interface SystemFacts {
  /** Names in /etc/OpenCL/vendors. */
  readonly vendors: readonly string[];
  /** /dev/mali0 (Arm's kernel driver), and the nodes of /dev/dri with the name of their kernel driver. */
  readonly nodes: readonly { readonly path: string; readonly driver: string; readonly isDenied: boolean }[];
}

/** Kernel drivers of Mali GPUs in mainline Linux. Arm's libmali does not work with them, only Mesa does. */
const mesaDrivers = ['panthor', 'panfrost', 'lima'];

/** @param root the folder that has etc/, dev/ and sys/ */
export function probeSystem(root: string): SystemFacts {
  const nodesOf = (name: string, driver: string) => {
    const path = join(root, 'dev', name);
    const access = accessOf(path);
    return access === 'absent' ? [] : [{ path: `/dev/${name}`, driver, isDenied: access === 'denied' }];
  };
  const rendering = namesIn(join(root, 'dev/dri')).filter((name) => name.startsWith('renderD'));
  return {
    vendors: namesIn(join(root, 'etc/OpenCL/vendors')).filter((name) => name.endsWith('.icd')),
    nodes: [...nodesOf('mali0', 'mali'), ...rendering.flatMap((name) => nodesOf(`dri/${name}`, driverOf(root, name)))],
  };
}

/** What is wrong in the words of the fault, and how this machine is helped. */
export function cureOf({ kind, detail }: OpenclFault, facts: SystemFacts): OpenclProblem {
  const denied = facts.nodes.find(({ isDenied }) => isDenied);
  switch (kind) {
    case 'no-library':
      return { reason: detail, cure: `install the ICD loader (apt-get install ocl-icd-libopencl1) and ${driverCure(facts)}` };
    case 'no-platform': {
      const vendors = facts.vendors.length === 0 ? 'lists no driver' : `lists ${facts.vendors.join(', ')}, of which none loads`;
      const reason = `OpenCL has no platform: /etc/OpenCL/vendors ${vendors}`;
      return { reason, cure: denied === undefined ? driverCure(facts) : accessCure(denied.path) };
    }
    case 'no-device':
      return {
        reason: 'the driver of OpenCL finds no device',
        cure: denied === undefined ? driverCure(facts) : accessCure(denied.path),
      };
    case 'unavailable':
      return { reason: 'the driver says that the device is not available', cure: 'end what holds the device, or restart' };
    case 'no-compiler':
      return {
        reason: 'the driver has no compiler for OpenCL C',
        cure: "install the full variant of the driver, not one of 'without-cl' or for the screen only",
      };
    case 'crashed':
      return { reason: `the driver crashed during ${detail}`, cure: replaceCure(facts) };
    case 'timeout':
      return { reason: `the driver did not end ${detail} in time`, cure: replaceCure(facts) };
    case 'wrong':
      return { reason: `the device computes wrongly: ${detail}`, cure: replaceCure(facts) };
    case 'failed':
      return {
        reason: `the driver failed: ${detail}`,
        cure: denied === undefined ? failedCure(detail, facts) : accessCure(denied.path),
      };
  }
}

/** A GPU in exclusive mode serves one process, and refuses a context to all others. */
function failedCure(detail: string, facts: SystemFacts): string {
  if (!/clCreateContext failed|CL_DEVICE_NOT_AVAILABLE/.test(detail)) return replaceCure(facts);
  return 'end the process that holds the device, if it is in exclusive mode; until then models run on the CPU';
}

function accessCure(path: string): string {
  return `let this user open ${path}: add it to the group that owns the file (often "video" or "render") and log in again`;
}

function driverCure({ nodes }: SystemFacts): string {
  const mesa = nodes.find(({ driver }) => mesaDrivers.includes(driver));
  if (nodes.some(({ driver }) => driver === 'mali')) {
    return "install the libmali of this GPU from the board's vendor, in the version of the kernel's driver (dmesg | grep -i mali)";
  }
  if (mesa !== undefined) {
    return (
      `use Mesa, as the kernel drives the GPU by ${mesa.driver}, with which Arm's libmali does not work: ` +
      `apt-get install mesa-opencl-icd, and set RUSTICL_ENABLE=${mesa.driver === 'lima' ? 'lima' : 'panfrost'}`
    );
  }
  return "install the OpenCL driver of this machine's GPU; pocl-opencl-icd runs OpenCL on the CPU, for tests";
}

function replaceCure({ nodes }: SystemFacts): string {
  const mali = nodes.some(({ driver }) => driver === 'mali') ? ", in the version of the kernel's driver" : '';
  return `update the driver${mali}; until then models run on the CPU`;
}

function driverOf(root: string, node: string): string {
  try {
    return basename(readlinkSync(join(root, 'sys/class/drm', node, 'device/driver')));
  } catch {
    return '';
  }
}

function accessOf(path: string): 'absent' | 'denied' | 'open' {
  try {
    accessSync(path, constants.F_OK);
  } catch {
    return 'absent';
  }
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return 'open';
  } catch {
    return 'denied';
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}
