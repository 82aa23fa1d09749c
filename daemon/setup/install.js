// What must be on the machine: system packages and npm packages. Names what is missing with the command that installs it; in CI, as
// root, installs it without asking.

const { accessSync, constants, existsSync, readFileSync } = require('node:fs');
const { delimiter, join } = require('node:path');
const { SetupError, inRoot, run, step } = require('./steps.js');

const nodeMajorMin = 20;

/** Program, or path of a file, to Debian packages. */
const buildTools = { gcc: 'gcc', 'g++': 'g++', make: 'make', python3: 'python3' };
const testTools = {
  ...buildTools,
  'clang-format': 'clang-format',
  'clang-tidy': 'clang-tidy',
  openssl: 'openssl',
  'systemd-analyze': 'systemd',
  'ssh-keygen': 'openssh-client',
  '/usr/sbin/sshd': 'openssh-server',
  ffmpeg: 'ffmpeg',
  wrk: 'wrk',
  slowhttptest: 'slowhttptest',
  'aarch64-linux-gnu-g++': 'g++-aarch64-linux-gnu',
  'qemu-aarch64-static': 'qemu-user-static',
  '/etc/OpenCL/vendors/pocl.icd': ['pocl-opencl-icd', 'ocl-icd-libopencl1'],
};

/** Throws SetupError if Node is too old or a tool stays missing. */
function requireTools(tools) {
  if (Number(process.versions.node.split('.')[0]) < nodeMajorMin) {
    throw new SetupError(`onbox needs Node ${nodeMajorMin} or newer, this is ${process.versions.node}`);
  }
  const missing = Object.keys(tools).filter((tool) => !(tool.startsWith('/') ? existsSync(tool) : isOnPath(tool)));
  if (missing.length === 0) return;
  const packages = missing.flatMap((tool) => tools[tool]);
  const isRoot = process.getuid?.() === 0;
  if (!isRoot || process.env.CI !== 'true' || !isOnPath('apt-get')) {
    const command = `${isRoot ? '' : 'sudo '}apt-get install -y ${packages.join(' ')}`;
    throw new SetupError(`missing: ${missing.join(', ')}; install with:\n  ${command}`);
  }
  step(`installing ${packages.join(', ')}`, () => {
    const env = { DEBIAN_FRONTEND: 'noninteractive' };
    run('apt-get', ['update', '-q'], { env });
    run('apt-get', ['install', '-y', '-q', '--no-install-recommends', ...packages], { env });
  });
}

function isOnPath(tool) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, tool), constants.X_OK);
      return folder !== '';
    } catch {
      return false;
    }
  });
}

/** Installs the npm packages of the lock file unless they are there; twice at the most, as networks fail in the middle. */
function installPackages() {
  if (isInstalled()) return;
  const install = () => run('npm', ['ci', '--include=dev', '--no-audit', '--no-fund', '--fetch-retries=5']);
  step('installing npm packages (npm ci)', () => {
    try {
      install();
    } catch (error) {
      if (!(error instanceof SetupError)) throw error;
      console.error(`onbox: ${error.message}; once more`);
      install();
    }
  });
}

/** npm keeps a lock file of what it has installed. Optional packages are those of other systems. */
function isInstalled() {
  const installedLock = inRoot('node_modules', '.package-lock.json');
  if (!existsSync(installedLock)) return false;
  const wanted = JSON.parse(readFileSync(inRoot('package-lock.json'), 'utf8')).packages;
  const installed = JSON.parse(readFileSync(installedLock, 'utf8')).packages;
  return Object.entries(wanted).every(([path, entry]) => {
    return path === '' || entry.optional === true || installed[path]?.version === entry.version;
  });
}

module.exports = { buildTools, installPackages, requireTools, testTools };
