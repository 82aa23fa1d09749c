// Says what is being done, does it, and says how long it took. Plain JavaScript: it runs before anything is installed or built.

const { spawnSync } = require('node:child_process');
const { join, resolve } = require('node:path');

const root = resolve(__dirname, '..', '..');

/** A failure that has been explained; the reader needs no stack. */
class SetupError extends Error {}

/** Absolute path of a file of the project. */
function inRoot(...parts) {
  return join(root, ...parts);
}

/** Prints `title`, runs `work` and prints the seconds it took. */
function step(title, work) {
  console.log(`onbox: ${title}`);
  const start = performance.now();
  const result = work();
  console.log(`onbox:   done in ${((performance.now() - start) / 1000).toFixed(1)} s`);
  return result;
}

/**
 * Runs a program in the project's folder; `args` never pass a shell. What it prints is shown only if it fails, or always with
 * `options.isShown`. Throws SetupError if it fails.
 */
function run(program, args, options = {}) {
  const { isShown = false, env = {} } = options;
  const result = spawnSync(program, args, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: isShown ? 'inherit' : ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
  });
  if (result.error === undefined && result.status === 0) return result.stdout ?? '';
  if (!isShown) process.stderr.write(`${result.stdout ?? ''}${result.stderr ?? ''}`);
  const end = result.error?.message ?? result.signal ?? `status ${result.status}`;
  throw new SetupError(`${[program, ...args].join(' ')} failed: ${end}`);
}

/** Runs a JavaScript program of a package, as `typescript/bin/tsc`, with this Node. */
function runPackage(script, args, options) {
  return run(process.execPath, [inRoot('node_modules', script), ...args], options);
}

/** Runs a command's main function: SetupErrors become a line and status 1. */
async function main(work) {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    console.error(`onbox: ${error.message}`);
    process.exitCode = 1;
  }
}

module.exports = { SetupError, inRoot, main, root, run, runPackage, step };
