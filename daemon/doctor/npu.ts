// The NPU: kernel driver, vendor library, and what is known of their versions; memory that the NPU can reach (IOMMU or CMA); open files.

import { type Check, type Finding, note, ok, type Patient, printBytes, problem, warning } from './check.js';
import type { Files } from './files.js';
import { readMemory } from './memory.js';

const libraryFolders = [
  '/usr/lib',
  '/usr/lib/aarch64-linux-gnu',
  '/usr/lib64',
  '/usr/local/lib',
  '/opt/rknn/lib',
  '/usr/lib/onbox/npu',
];
/** Older drivers lock up or fail to submit; older libraries lack rknn_mem_sync. */
const driverMin = '0.9.6';
const libraryMin = '1.6.0';
/** What a YOLO of small size takes of physically contiguous memory where there is no IOMMU. */
const cmaBytesMin = 128 * 2 ** 20;
/** Each buffer of the NPU is an open file. */
const openFilesMin = 4096;

export const npuCheck: Check = {
  name: 'npu',
  run({ files, board }: Patient) {
    const road = board.accelerators?.npu;
    const driver = driverOf(files);
    if (road === 'rknn1') return [checkLinked(files)];
    if (driver === undefined && road === undefined) return [ok('no NPU')];
    if (driver === undefined) {
      const cure = "use the board vendor's kernel with CONFIG_ROCKCHIP_RKNPU, and look at: dmesg | grep -i npu";
      return [warning('the NPU has no driver in the kernel', 'neither rknpu nor rocket is loaded', cure)];
    }
    if (driver.name === 'rocket') {
      const cure = "boot the board vendor's kernel, whose driver is rknpu";
      return [
        note(
          'NPU driver rocket of mainline Linux',
          "onbox uses Rockchip's library, which works with the vendor's driver rknpu only",
          cure,
        ),
      ];
    }
    return [checkDriver(driver.version), checkLibrary(files)];
  },
};

interface NpuDriver {
  readonly name: 'rknpu' | 'rocket';
  readonly version: string | undefined;
}

function driverOf(files: Files): NpuDriver | undefined {
  if (files.list('/dev/accel', /^accel\d+$/).length > 0 && files.has('/sys/module/rocket'))
    return { name: 'rocket', version: undefined };
  const told = ['/sys/kernel/debug/rknpu/version', '/proc/rknpu/version', '/sys/module/rknpu/version'].map((path) =>
    files.text(path),
  );
  const version = /v?(\d+\.\d+\.\d+)/.exec(told.find((text) => text !== '') ?? '')?.[1];
  const isThere =
    version !== undefined || files.has('/sys/module/rknpu') || files.has('/dev/rknpu') || devicesOf(files).length > 0;
  return isThere ? { name: 'rknpu', version } : undefined;
}

/** The NPU's devices that have a driver. */
function devicesOf(files: Files): readonly string[] {
  return files.list('/sys/bus/platform/drivers/RKNPU', /\.npu$/);
}

function checkDriver(version: string | undefined): Finding {
  if (version === undefined)
    return note('NPU driver rknpu of unknown version', 'its version can be read by root only', 'sudo onbox doctor');
  if (!isOlder(version, driverMin)) return ok(`NPU driver rknpu ${version}`);
  const why = `before ${driverMin} it fails to submit jobs to some cores, or locks up with several models`;
  return warning(`NPU driver rknpu ${version}`, why, "update the kernel from the board's vendor");
}

function checkLibrary(files: Files): Finding {
  const path = libraryFolders.map((folder) => `${folder}/librknnrt.so`).find((candidate) => files.has(candidate));
  if (path === undefined) {
    const cure = 'copy librknnrt.so of rknn-toolkit2 (runtime/Linux/librknn_api/aarch64) to /usr/lib, and run: sudo ldconfig';
    return problem('librknnrt.so is not installed', 'the NPU is used through the library of its vendor', cure);
  }
  const version = files.search(path, /librknnrt version: (\d+\.\d+\.\d+)/);
  if (version === undefined)
    return note(`${path} of unknown version`, 'it does not say its version', 'install version 2.3.2 or newer');
  if (!isOlder(version, libraryMin)) return ok(`${path} ${version}`);
  return problem(
    `${path} ${version}`,
    `before ${libraryMin} it lacks rknn_mem_sync, without which results are wrong`,
    'install version 2.3.2 or newer',
  );
}

/** The NPU of RK3399Pro is a chip of its own, reached by a process of the vendor. */
function checkLinked(files: Files): Finding {
  const library = libraryFolders.map((folder) => `${folder}/librknn_api.so`).find((candidate) => files.has(candidate));
  const proxy = files.list('/proc', /^\d+$/).some((process) => files.text(`${process}/comm`).startsWith('npu_transfer_p'));
  const why = 'the NPU of RK3399Pro is reached through librknn_api.so and npu_transfer_proxy, in one version with the firmware';
  if (library === undefined)
    return problem('librknn_api.so is not installed', why, "install the package rknn-rk3399pro of the board's vendor");
  if (!proxy)
    return problem(
      'npu_transfer_proxy does not run',
      why,
      'sudo systemctl start npu_transfer_proxy; then: npu_transfer_proxy devices',
    );
  return ok(`${library}, and npu_transfer_proxy runs`);
}

export const npuMemoryCheck: Check = {
  name: 'npu-memory',
  run({ files, board }: Patient) {
    if (board.accelerators?.npu !== 'rknn' || driverOf(files)?.name !== 'rknpu') return [ok('no NPU that needs it')];
    const findings: Finding[] = [];
    const device = devicesOf(files)[0];
    const hasIommu = device !== undefined && files.has(`${device}/iommu_group`);
    const cma = readMemory(files);
    const [total, free] = [cma.get('CmaTotal') ?? 0, cma.get('CmaFree') ?? 0];
    if (!hasIommu && free < cmaBytesMin) {
      const why = `without an IOMMU the NPU needs contiguous memory: ${printBytes(free)} of ${printBytes(total)} CMA are free`;
      const cure = 'enable the node of the NPU\'s IOMMU in the device tree (status = "okay"), or boot with cma=512M';
      findings.push(problem('the NPU finds no memory for its buffers', why, cure));
    } else
      findings.push(
        ok(hasIommu ? 'the NPU has an IOMMU' : `no IOMMU; ${printBytes(free)} of ${printBytes(total)} CMA are free`),
      );
    const limit = Number(/^Max open files\s+(\d+)/m.exec(files.text('/proc/self/limits'))?.[1] ?? Number.NaN);
    if (limit < openFilesMin) {
      const why = 'each buffer of the NPU is an open file, and a model has hundreds; the unit of the service allows 65536';
      findings.push(note(`${limit} open files are allowed in this shell`, why, `ulimit -n ${openFilesMin}`));
    }
    return findings;
  },
};

/** Numbers compared part by part. */
function isOlder(version: string, than: string): boolean {
  const [a, b] = [version, than].map((text) => text.split('.').map(Number));
  const index = [0, 1, 2].find((part) => a?.[part] !== b?.[part]);
  return index !== undefined && (a?.[index] ?? 0) < (b?.[index] ?? 0);
}
