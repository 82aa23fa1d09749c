// A folder that all test files of one run share, for what is dear to make: jest's global setup and teardown.

const { mkdtempSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');

/** The variable that tells the workers its path. */
const variable = 'ONBOX_TEST_RUN';

module.exports = function makeRunFolder() {
  process.env[variable] = mkdtempSync(join(tmpdir(), 'onbox-run-'));
};

module.exports.remove = function removeRunFolder() {
  rmSync(process.env[variable], { recursive: true, force: true });
};
