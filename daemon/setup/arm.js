// `npm run test:arm`: onbox in an emulated arm64 Debian, first as programs under the kernel of this machine, then as a machine of its own
// with systemd. As root on another Debian machine; takes an hour, and is no part of `npm test`.
// `npm run test:arm -- cortex-a76` or `-- machine` is that part only.

const { existsSync, mkdtempSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { build } = require('./build.js');
const { SetupError, inRoot, main, run } = require('./steps.js');

/** The cores of RK3399 and RK3588. The emulator stops at instructions that they lack. */
const cores = ['cortex-a72', 'cortex-a76'];
const machine = 'machine';
/** Programs to Debian packages. */
const rootTools = {
  '/usr/sbin/debootstrap': 'debootstrap',
  '/usr/bin/qemu-aarch64-static': 'qemu-user-static',
  '/usr/bin/zstd': 'zstd',
};
const machineTools = {
  '/usr/bin/qemu-system-aarch64': 'qemu-system-arm',
  '/usr/bin/fdtput': 'device-tree-compiler',
  '/sbin/mke2fs': 'e2fsprogs',
  '/usr/bin/ssh': 'openssh-client',
};

/** Prints that a part is skipped, and why, where this machine cannot do it. */
function canDo(part, tools) {
  const missing = Object.keys(tools).filter((program) => !existsSync(program));
  if (process.getuid?.() === 0 && missing.length === 0) return true;
  const packages = missing.map((program) => tools[program]).join(' ');
  const why = missing.length > 0 ? `sudo apt-get install -y --no-install-recommends ${packages}` : 'only root may mount';
  console.log(`${part}: skipped (${why})`);
  return false;
}

main(() => {
  const chosen = process.argv.slice(2);
  const unknown = chosen.find((part) => part !== machine && !cores.includes(part));
  if (unknown !== undefined) throw new SetupError(`${unknown} is none of ${[...cores, machine].join(', ')}`);
  const isChosen = (part) => chosen.length === 0 || chosen.includes(part);
  if (!canDo('the emulated arm64 root and machine', rootTools)) return;
  build();
  const work = mkdtempSync(join(tmpdir(), 'onbox-arm-'));
  const root = join(work, 'root');
  const script = (name, ...args) => run(inRoot('test', 'arm', name), [root, ...args], { isShown: true });
  try {
    script('build.sh');
    const chosenCores = cores.filter(isChosen);
    if (chosenCores.length > 0) script('journey.sh', ...chosenCores);
    if (isChosen(machine) && canDo('the emulated arm64 machine', machineTools)) script('machine.sh');
    console.log('arm: all is well');
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
});
