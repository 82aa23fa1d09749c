// `npm run package`: a .deb of onbox for this machine's architecture, with the Node that it was tested with. Models are not compiled here
// but at the first start, on the machine that serves them.

const { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } = require('node:fs');
const { dirname, join } = require('node:path');
const { build } = require('./build.js');
const { SetupError, inRoot, main, run, step } = require('./steps.js');

const architectures = { x64: 'amd64', arm64: 'arm64' };
const home = 'usr/lib/onbox';

/** Files of the project that a running onbox needs, folders whole. */
const parts = [
  'package.json',
  'LICENSE',
  'README.md',
  'dist/daemon',
  'dist/runtime',
  'dist/addon',
  'addon/include',
  'runtime/module/shipped',
  'daemon/embedded',
  'addon/build/Release/native.node',
  'addon/build/Release/notify',
  'addon/build/Release/plugins',
  'systemd',
];
/** Of systemd/, where the system looks for them. */
const placed = {
  'onbox.service': 'usr/lib/systemd/system/onbox.service',
  'onbox.socket': 'usr/lib/systemd/system/onbox.socket',
  'onbox.sysusers': 'usr/lib/sysusers.d/onbox.conf',
  'onbox.tmpfiles': 'usr/lib/tmpfiles.d/onbox.conf',
  'onbox.rules': 'usr/lib/udev/rules.d/60-onbox.rules',
};
const scripts = ['postinst', 'prerm', 'postrm'];

/** @param version of the package; package.json's if undefined */
function makePackage(version = JSON.parse(readFileSync(inRoot('package.json'), 'utf8')).version) {
  const architecture = architectures[process.arch];
  if (architecture === undefined) throw new SetupError(`there is no package for ${process.arch}`);
  if (!/^[0-9][0-9A-Za-z.+~-]*$/.test(version)) throw new SetupError(`${version} is no version of a Debian package`);
  build();
  const staging = inRoot('dist', 'package');
  const target = inRoot('dist', `onbox_${version}_${architecture}.deb`);
  step(`packing ${target}`, () => {
    rmSync(staging, { recursive: true, force: true });
    fill(staging);
    control(staging, version, architecture);
    run('dpkg-deb', ['--root-owner-group', '-Zxz', '-z1', '--build', staging, target]);
    rmSync(staging, { recursive: true });
  });
  return target;
}

function fill(staging) {
  const inHome = (path) => join(staging, home, path);
  for (const part of parts) if (existsSync(inRoot(part))) copy(inRoot(part), inHome(part));
  for (const path of productionPackages()) copy(inRoot(path), inHome(path));
  copy(process.execPath, inHome('node'));
  for (const [file, path] of Object.entries(placed)) copy(inRoot('systemd', file), join(staging, path));
  const launcher = join(staging, 'usr/bin/onbox');
  mkdirSync(dirname(launcher), { recursive: true });
  writeFileSync(launcher, `#!/bin/sh\nexec /${home}/node /${home}/dist/daemon/main.js "$@"\n`);
  chmodSync(launcher, 0o755);
}

function copy(from, to) {
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to, { recursive: true, dereference: true });
}

/** Folders of the lock file's packages that are not for development alone, and are installed: the optional ones of other systems are not. */
function productionPackages() {
  const { packages } = JSON.parse(readFileSync(inRoot('package-lock.json'), 'utf8'));
  const wanted = Object.entries(packages).filter(([path, { dev, devOptional }]) => path !== '' && !dev && !devOptional);
  // A package inside another's folder comes with it.
  const outer = wanted.map(([path]) => path).filter((path) => path.lastIndexOf('node_modules/') === 0);
  return outer.filter((path) => existsSync(inRoot(path)));
}

function control(staging, version, architecture) {
  const folder = join(staging, 'DEBIAN');
  mkdirSync(folder);
  const kibibytes = Number(run('du', ['-sk', staging]).split(/\s/)[0]);
  const glibc = process.report.getReport().header.glibcVersionRuntime;
  const fields = [
    'Package: onbox',
    `Version: ${version}`,
    `Architecture: ${architecture}`,
    'Maintainer: the authors of onbox <onbox@localhost>',
    `Installed-Size: ${kibibytes}`,
    `Depends: libc6 (>= ${glibc}), libstdc++6, gcc | clang, libc6-dev`,
    'Recommends: ocl-icd-libopencl1, systemd',
    'Section: net',
    'Priority: optional',
    'Description: edge inference daemon',
    ' Compiles ONNX models on the machine that serves them, with its own compiler, and',
    ' answers pictures over HTTP and WebSocket.',
  ];
  writeFileSync(join(folder, 'control'), `${fields.join('\n')}\n`);
  for (const script of scripts) {
    cpSync(inRoot('systemd', 'debian', script), join(folder, script));
    chmodSync(join(folder, script), 0o755);
  }
}

main(() => {
  const target = makePackage(process.argv[2]);
  console.log(`${target}: ${(statSync(target).size / 2 ** 20).toFixed(1)} MiB; install with: sudo apt-get install ${target}`);
});
