// `npm run test:arm`: onbox in an emulated arm64 Debian, as root on another Debian machine. Takes half an hour and more, and is no part of
// `npm test`. `npm run test:arm -- cortex-a76` is one core only.

const { existsSync } = require('node:fs');
const { build } = require('./build.js');
const { inRoot, main, run } = require('./steps.js');

/** The cores of RK3399 and RK3588. The emulator stops at instructions that they lack. */
const cores = ['cortex-a72', 'cortex-a76'];
const programs = ['/usr/sbin/debootstrap', '/usr/bin/qemu-aarch64-static', '/usr/bin/zstd'];

main(() => {
  const missing = programs.filter((program) => !existsSync(program));
  if (process.getuid?.() !== 0 || missing.length > 0) {
    const why = missing.length > 0 ? `${missing.join(', ')} missing` : 'only root may mount';
    console.log(`the emulated arm64 root: skipped (${why}; sudo apt-get install -y debootstrap qemu-user-static zstd)`);
    return;
  }
  build();
  const chosen = process.argv.slice(2);
  run(inRoot('test', 'arm', 'journey.sh'), chosen.length > 0 ? chosen : cores, { isShown: true });
});
