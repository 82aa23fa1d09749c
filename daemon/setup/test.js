// `npm test`: installs, builds, checks and tests. `npm test -- PATH` builds and runs only those tests.
// The last line is `tests: N passed, N failed, N skipped`, from jest's own report.

const { existsSync, readdirSync, readFileSync, rmSync } = require('node:fs');
const { join } = require('node:path');
const { build, nodeHeaders } = require('./build.js');
const { buildTools, installPackages, requireTools, testTools } = require('./install.js');
const { SetupError, inRoot, main, run, runPackage, step } = require('./steps.js');

const report = inRoot('dist', '.jest.json');

/** In the order in which they run; each is a title and what must not throw. */
const checks = [
  ['biome: lint and format', () => runPackage('@biomejs/biome/bin/biome', ['ci', '--error-on-warnings', '.'])],
  ['knip: unused files, exports and packages', () => runPackage('knip/bin/knip.js', [])],
  ['clang-format: C++ format', () => run('clang-format', ['--dry-run', '--Werror', ...nativeFiles()])],
  ['clang-tidy: C++ lint', checkTidy],
];

function nativeFiles() {
  return ['addon/src', 'addon/include'].flatMap((folder) =>
    readdirSync(inRoot(folder), { recursive: true })
      .filter((name) => /\.(cc|h)$/.test(name))
      .map((name) => join(folder, name)),
  );
}

/** With the flags of the real build, which gyp writes down. */
function checkTidy() {
  const options = ['-C', inRoot('addon'), '--loglevel=warn', ...nodeHeaders()];
  runPackage('node-gyp/bin/node-gyp.js', ['configure', ...options, '--', '-f', 'compile_commands_json']);
  run('run-clang-tidy', ['-quiet', '-p', 'addon/build/Release']);
}

/** @returns the titles of the checks that failed */
function runChecks() {
  return checks.flatMap(([title, check]) => {
    try {
      step(title, check);
      return [];
    } catch (error) {
      if (!(error instanceof SetupError)) throw error;
      console.error(`onbox: ${error.message}`);
      return [title];
    }
  });
}

/** @returns false if a test failed, or a file of tests did not run */
function runTests(args) {
  rmSync(report, { force: true });
  try {
    runPackage('jest/bin/jest.js', ['--json', `--outputFile=${report}`, ...args], { isShown: true });
    return true;
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    return false;
  }
}

function printCounts() {
  const found = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : {};
  const { numPassedTests = 0, numFailedTests = 0, numPendingTests = 0, numTodoTests = 0 } = found;
  console.log(`tests: ${numPassedTests} passed, ${numFailedTests} failed, ${numPendingTests + numTodoTests} skipped`);
}

main(() => {
  const args = process.argv.slice(2);
  const isPart = args.length > 0;
  rmSync(report, { force: true });
  try {
    requireTools(isPart ? buildTools : testTools);
    installPackages();
    build();
    const failed = isPart ? [] : runChecks();
    if (!runTests(args)) failed.push('jest');
    if (failed.length > 0) throw new SetupError(`failed: ${failed.join('; ')}`);
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    console.error(`onbox: ${error.message}`);
    process.exitCode = 1;
  } finally {
    printCounts();
  }
});
