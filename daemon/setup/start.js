// `npm start`: from a fresh clone to a serving daemon. The second time there is nothing to install or build, and it takes seconds.

const { spawn } = require('node:child_process');
const { build } = require('./build.js');
const { buildTools, installPackages, requireTools } = require('./install.js');
const { inRoot, main, root } = require('./steps.js');

function serve(args) {
  const child = spawn(process.execPath, [inRoot('dist', 'daemon', 'main.js'), 'serve', ...args], {
    cwd: root,
    stdio: 'inherit',
  });
  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT']) {
    // A terminal sends Ctrl-C to the child as well.
    process.on(signal, () => (signal === 'SIGINT' && process.stdin.isTTY ? undefined : child.kill(signal)));
  }
  child.on('error', (error) => {
    console.error(`onbox: cannot start the daemon: ${error.message}`);
    process.exitCode = 1;
  });
  child.on('exit', (status, signal) => {
    process.exitCode = status ?? (signal === 'SIGINT' || signal === 'SIGTERM' ? 0 : 1);
  });
}

main(() => {
  requireTools(buildTools);
  installPackages();
  build();
  serve(process.argv.slice(2));
});
