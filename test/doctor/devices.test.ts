// The checks of GPU and NPU against boards that are healthy, and ill in each way that users have met.

import { gpuCheck, openclCheck } from '../../daemon/doctor/gpu.js';
import { nodesCheck } from '../../daemon/doctor/nodes.js';
import { npuCheck, npuMemoryCheck } from '../../daemon/doctor/npu.js';
import { type Case, type FakeFiles, fails, meminfo, requireTold, rk3399, rk3399pro, rk3588 } from './machine.js';

const rknpu: FakeFiles = {
  ...rk3588,
  '/sys/kernel/debug/rknpu/version': 'RKNPU driver: v0.9.8\n',
  '/usr/lib/librknnrt.so': 'x\0librknnrt version: 2.3.2 (429f97ae6b)\0',
};
const kbase: FakeFiles = {
  ...rk3588,
  '/dev/mali0': '',
  '/sys/module/bifrost_kbase/version': 'g13p0-01eac0 (UK version 11.35)\n',
};
const panthor: FakeFiles = { ...rk3588, '/sys/class/drm/renderD128/device/driver': '-> ../../../bus/platform/drivers/panthor' };
const problemOf = (reason: string) => async () => ({ devices: [], problem: { reason, cure: 'do this' } });

const cases: readonly Case[] = [
  ['no nodes of devices', nodesCheck, {}, 'ok', /no device nodes/],
  [
    'a node that its group does not share',
    nodesCheck,
    { '/dev/mali0': 'mode 600' },
    'problem',
    /onbox may not open \/dev\/mali0.*mode 600.*udev/,
  ],
  [
    'a node that everyone may open',
    nodesCheck,
    { '/dev/dri/renderD128': 'mode 666' },
    'ok',
    /renderD128 may be opened by onbox/,
  ],
  [
    'a node of a group that the user is not in',
    nodesCheck,
    { '/dev/dri/renderD129': 'mode 660', '/etc/group': `video:x:${process.getgid?.()}:\n` },
    'problem',
    /group video.*usermod -aG video onbox/,
  ],
  [
    'a node of a group that the user is in',
    nodesCheck,
    { '/dev/dri/renderD129': 'mode 660' },
    'ok',
    /may be opened/,
    { users: [{ name: 'onbox', uid: 54321, gids: [process.getgid?.() ?? 0] }] },
  ],
  ['a board whose GPU has no driver', gpuCheck, rk3399, 'warning', /Mali-T860 has no driver/],
  ['no GPU at all', gpuCheck, {}, 'ok', /no GPU/],
  ["Arm's driver without its library", gpuCheck, kbase, 'problem', /no libmali.*version g13p0/],
  [
    "Arm's driver with the library of its version",
    gpuCheck,
    { ...kbase, '/usr/lib/aarch64-linux-gnu/libmali.so.1': '-> libmali-valhall-g610-g13p0-x11-gbm.so' },
    'ok',
    /g13p0/,
  ],
  [
    "Arm's driver with another library",
    gpuCheck,
    { ...kbase, '/usr/lib/aarch64-linux-gnu/libmali.so.1': '-> libmali-valhall-g610-g6p0-x11.so' },
    'warning',
    /library is of g6p0 and the kernel driver of g13p0/,
  ],
  [
    'a library that tells its version inside',
    gpuCheck,
    { ...kbase, '/usr/lib/libmali.so': '\0\0g24p0-00eac1\0' },
    'warning',
    /of g24p0/,
  ],
  [
    'a library for the screen alone',
    gpuCheck,
    { ...kbase, '/usr/lib/libmali.so': '-> libmali-valhall-g610-g13p0-gbm-without-cl.so' },
    'problem',
    /no OpenCL.*full variant/,
  ],
  [
    "Panthor with Arm's library",
    gpuCheck,
    { ...panthor, '/usr/lib/libmali.so': '-> libmali-valhall-g610-g13p0-x11.so' },
    'problem',
    /by panthor, the library is Arm's/,
  ],
  ["Panthor without Mesa's OpenCL", gpuCheck, panthor, 'problem', /mesa-opencl-icd/],
  [
    "Panthor with Mesa's OpenCL",
    gpuCheck,
    { ...panthor, '/etc/OpenCL/vendors/rusticl.icd': 'libRusticlOpenCL.so.1\n' },
    'ok',
    /panthor, Mesa's OpenCL/,
  ],
  ['Mesa that is not asked to show the GPU', openclCheck, panthor, 'warning', /RUSTICL_ENABLE/],
  [
    'a board without an OpenCL device',
    openclCheck,
    kbase,
    'problem',
    /no platform.*do this/,
    { opencl: problemOf('OpenCL has no platform') },
  ],
  ['a PC without an OpenCL device', openclCheck, {}, 'note', /no platform/, { opencl: problemOf('OpenCL has no platform') }],
  ['OpenCL that cannot be asked', openclCheck, {}, 'warning', /no addon/, { opencl: async () => fails('no addon')() }],
  ['no NPU', npuCheck, rk3399, 'ok', /no NPU/],
  ['an NPU with driver and library', npuCheck, rknpu, 'ok', /rknpu 0\.9\.8.*librknnrt\.so 2\.3\.2/],
  ['an NPU without a driver', npuCheck, rk3588, 'warning', /CONFIG_ROCKCHIP_RKNPU/],
  [
    'an NPU driver of old',
    npuCheck,
    { ...rknpu, '/sys/kernel/debug/rknpu/version': 'RKNPU driver: v0.9.2\n' },
    'warning',
    /rknpu 0\.9\.2.*locks up/,
  ],
  [
    'an NPU driver whose version only root sees',
    npuCheck,
    { ...rknpu, '/sys/kernel/debug/rknpu/version': '', '/sys/module/rknpu/x': '' },
    'note',
    /sudo onbox doctor/,
  ],
  [
    'an NPU without its library',
    npuCheck,
    { ...rk3588, '/sys/module/rknpu/version': '0.9.8\n' },
    'problem',
    /librknnrt\.so is not installed/,
  ],
  [
    'an NPU library of old',
    npuCheck,
    { ...rknpu, '/usr/lib/librknnrt.so': 'librknnrt version: 1.5.2 (c6b7b351a)' },
    'problem',
    /rknn_mem_sync/,
  ],
  [
    "an NPU with mainline's driver",
    npuCheck,
    { ...rk3588, '/dev/accel/accel0': '', '/sys/module/rocket/x': '' },
    'note',
    /rocket/,
  ],
  ['an RK3399Pro without its library', npuCheck, rk3399pro, 'problem', /librknn_api\.so is not installed/],
  [
    'an RK3399Pro without its proxy',
    npuCheck,
    { ...rk3399pro, '/usr/lib/librknn_api.so': '' },
    'problem',
    /npu_transfer_proxy does not run/,
  ],
  [
    'an RK3399Pro with library and proxy',
    npuCheck,
    { ...rk3399pro, '/usr/lib/librknn_api.so': '', '/proc/77/comm': 'npu_transfer_pr\n' },
    'ok',
    /proxy runs/,
  ],
  [
    'an NPU without IOMMU and CMA',
    npuMemoryCheck,
    { ...rknpu, ...meminfo({ CmaTotal: 16384, CmaFree: 12288 }) },
    'problem',
    /12 MiB of 16 MiB CMA.*cma=512M/,
  ],
  [
    'an NPU with an IOMMU',
    npuMemoryCheck,
    { ...rknpu, '/sys/bus/platform/drivers/RKNPU/fdab0000.npu/iommu_group/x': '' },
    'ok',
    /has an IOMMU/,
  ],
  [
    'an NPU with enough CMA',
    npuMemoryCheck,
    { ...rknpu, ...meminfo({ CmaTotal: 524288, CmaFree: 400000 }) },
    'ok',
    /no IOMMU; 391 MiB/,
  ],
  [
    'few open files for an NPU',
    npuMemoryCheck,
    {
      ...rknpu,
      ...meminfo({ CmaTotal: 524288, CmaFree: 400000 }),
      '/proc/self/limits': 'Max open files            1024                 4096                 files\n',
    },
    'note',
    /1024 open files.*ulimit -n/,
  ],
];

test.each(cases.map((each) => [each[0], each] as const))('%s', async (_, each) => await requireTold(each));
