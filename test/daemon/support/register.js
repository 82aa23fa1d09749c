// Lets a child process run the sources as they are: a hook for require() that translates .ts as jest does, with a cache on disk
// because children start often. Used as `node -r register.js script.ts`.

const { createHash } = require('node:crypto');
const { mkdirSync, readFileSync, renameSync, writeFileSync } = require('node:fs');
const Module = require('node:module');
const { tmpdir, userInfo } = require('node:os');
const { join } = require('node:path');

const cache = join(tmpdir(), `onbox-test-scripts-${userInfo().uid}`);
mkdirSync(cache, { recursive: true, mode: 0o700 });

function translate(source, filename) {
  const key = createHash('sha256').update(filename).update('\0').update(source).digest('hex');
  const path = join(cache, `${key}.js`);
  try {
    return readFileSync(path, 'utf8');
  } catch {
    const { transformSync } = require('@swc/core');
    const { code } = transformSync(source, {
      filename,
      jsc: { parser: { syntax: 'typescript' }, target: 'es2023' },
      module: { type: 'commonjs' },
      sourceMaps: false,
    });
    // Children start side by side: each writes a file of its own and renames it.
    writeFileSync(`${path}.${process.pid}`, code);
    renameSync(`${path}.${process.pid}`, path);
    return code;
  }
}

require.extensions['.ts'] = (module, filename) => {
  module._compile(translate(readFileSync(filename, 'utf8'), filename), filename);
};

// Sources import each other with the ending that they have once built.
const resolve = Module._resolveFilename;
Module._resolveFilename = function resolveSource(request, parent, ...rest) {
  if (/^\.{1,2}\/.*\.js$/.test(request) && parent?.filename?.endsWith('.ts')) {
    return resolve.call(this, request.replace(/\.js$/, '.ts'), parent, ...rest);
  }
  return resolve.call(this, request, parent, ...rest);
};
