// The GPU: which kernel driver has it, whether the OpenCL library fits that driver, and what the devices answer when they are tested.

import { errorMessage } from '../../runtime/index.js';
import { type Check, type Finding, note, ok, type Patient, problem, warning } from './check.js';
import type { Files } from './files.js';

/** Kernel drivers of Mali in mainline Linux, for which the library is Mesa's; lima's GPUs have no OpenCL. */
const mesaDrivers = ['panthor', 'panfrost'];
const libraryFolders = ['/usr/lib/aarch64-linux-gnu', '/usr/lib/aarch64-linux-gnu/mali', '/usr/lib', '/usr/local/lib'];

export const gpuCheck: Check = {
  name: 'gpu',
  run({ files, board }: Patient) {
    const drivers = kernelDrivers(files);
    const libmali = findLibmali(files);
    const expected = board.accelerators?.gpu;
    const mesa = drivers.find((driver) => mesaDrivers.includes(driver));
    if (drivers.length === 0) {
      if (expected === undefined) return [ok('no GPU driver in the kernel')];
      const cure =
        "use the board vendor's kernel, or a mainline kernel with panthor or panfrost, and look at: dmesg | grep -i mali";
      return [
        warning(
          `the ${expected} has no driver in the kernel`,
          'without /dev/mali0 or a render node models run on the CPU',
          cure,
        ),
      ];
    }
    if (mesa !== undefined && libmali !== undefined) {
      const cure = `apt-get install mesa-opencl-icd, set RUSTICL_ENABLE=panfrost, and remove ${libmali.path}; or boot the vendor's kernel`;
      return [
        problem(
          `the kernel drives the GPU by ${mesa}, the library is Arm's ${libmali.name}`,
          "Arm's libmali works with Arm's kernel driver only",
          cure,
        ),
      ];
    }
    if (mesa !== undefined) return [checkRusticl(files, mesa)];
    if (drivers.includes('mali')) return [checkKbase(files, libmali)];
    return [ok(`kernel driver ${drivers.join(', ')}`)];
  },
};

/** `mali` is Arm's own. */
function kernelDrivers(files: Files): readonly string[] {
  const rendering = files
    .list('/sys/class/drm', /^renderD\d+$/)
    .map((node) => files.link(`${node}/device/driver`)?.split('/').at(-1) ?? '');
  const own = files.has('/dev/mali0') ? ['mali'] : [];
  return [...own, ...rendering.filter((driver) => driver !== '' && !/^rknpu$|display|rockchip-drm/i.test(driver))];
}

interface Libmali {
  readonly path: string;
  readonly name: string;
  /** Of Arm's driver development kit, as `g13p0`. */
  readonly ddk: string | undefined;
}

function findLibmali(files: Files): Libmali | undefined {
  for (const folder of libraryFolders) {
    for (const path of files.list(folder, /^lib(mali|MaliOpenCL)[-.\w]*\.so[.\d]*$/)) {
      const name = files.link(path)?.split('/').at(-1) ?? path.split('/').at(-1) ?? '';
      const ddk = ddkOf(name) ?? files.search(path, /\b([rg]\d{1,2}p\d)-\d\d[a-z]+\d/);
      return { path, name, ddk };
    }
  }
  return undefined;
}

function ddkOf(text: string): string | undefined {
  return /(?<![a-z0-9])([rg]\d{1,2}p\d)/.exec(text)?.[1];
}

function checkKbase(files: Files, libmali: Libmali | undefined): Finding {
  const modules = ['mali_kbase', 'bifrost_kbase', 'valhall_kbase', 'midgard_kbase'];
  const kernel = modules.map((name) => ddkOf(files.text(`/sys/module/${name}/version`))).find((ddk) => ddk !== undefined);
  const version = kernel ?? 'of unknown version';
  if (libmali === undefined) {
    const cure = `install the libmali of this GPU from the board's vendor${kernel === undefined ? '' : `, version ${kernel}`}, with OpenCL`;
    return problem(
      `Arm's kernel driver ${version}, but no libmali`,
      'OpenCL on Mali needs the library that belongs to the kernel driver',
      cure,
    );
  }
  if (/without-cl|only-gbm|dummy/.test(libmali.name)) {
    return problem(
      `${libmali.name} has no OpenCL`,
      'it is a variant for the screen alone',
      'install the full variant of libmali',
    );
  }
  const summary = `Arm's kernel driver ${version}, library ${libmali.name}${ddkOf(libmali.name) === undefined && libmali.ddk !== undefined ? ` (${libmali.ddk})` : ''}`;
  if (kernel === undefined || libmali.ddk === undefined || kernel === libmali.ddk) return ok(summary);
  const why = `the library is of ${libmali.ddk} and the kernel driver of ${kernel}: they are only tested together by Arm`;
  return warning(
    summary,
    why,
    `install libmali ${kernel} from the board's vendor; onbox devices tells whether this pair computes right`,
  );
}

function checkRusticl(files: Files, driver: string): Finding {
  const icd = files.names('/etc/OpenCL/vendors').find((name) => /rusticl|mesa/.test(name));
  const summary = `kernel driver ${driver}`;
  if (icd !== undefined) return ok(`${summary}, Mesa's OpenCL (${icd})`);
  const cure = 'sudo apt-get install -y mesa-opencl-icd, and set RUSTICL_ENABLE=panfrost';
  return problem(
    `${summary}, but Mesa's OpenCL is not installed`,
    'for this kernel driver OpenCL comes from Mesa (rusticl)',
    cure,
  );
}

export const openclCheck: Check = {
  name: 'opencl',
  async run({ opencl, files, environment, board }: Patient) {
    const drivers = kernelDrivers(files);
    const findings: Finding[] = [];
    if (drivers.some((driver) => mesaDrivers.includes(driver)) && !environment['RUSTICL_ENABLE']) {
      const cure =
        'export RUSTICL_ENABLE=panfrost; for the service: sudo systemctl edit onbox, Environment=RUSTICL_ENABLE=panfrost';
      findings.push(warning('RUSTICL_ENABLE is not set', "Mesa's OpenCL shows the GPU only where it is asked to", cure));
    }
    const report = await opencl().catch((error: unknown) => errorMessage(error));
    if (typeof report === 'string') return [...findings, warning('OpenCL cannot be asked', report, 'see node')];
    for (const { device, problem: own } of report.devices) {
      const summary = `${device.name} (${device.platformName}), driver ${device.driver}`;
      findings.push(own === undefined ? ok(`${summary} computes right`) : problem(summary, own.reason, own.cure));
    }
    if (report.problem !== undefined) {
      const hasGpu = drivers.length > 0 || board.accelerators !== undefined;
      const { reason, cure } = report.problem;
      findings.push(hasGpu ? problem('no OpenCL device', reason, cure) : note('no OpenCL device', reason, cure));
    }
    return findings;
  },
};
