// Builds dist/ and the addon from source, and only what has changed since the last build. `npm run build` after `npm ci`.

const { createHash } = require('node:crypto');
const { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } = require('node:fs');
const { availableParallelism } = require('node:os');
const { dirname, extname, join, relative } = require('node:path');
const { SetupError, inRoot, main, root, runPackage, step } = require('./steps.js');

const scriptStamp = inRoot('dist', '.stamp');
const addonStamp = inRoot('addon', 'build', '.stamp');

function build() {
  if (!existsSync(inRoot('node_modules', 'typescript'))) throw new SetupError('npm packages are missing; install with: npm ci');
  buildIfChanged('compiling TypeScript', scriptStamp, scriptSources(), compileScripts);
  buildIfChanged('building the native addon', addonStamp, addonSources(), compileAddon);
}

/** A stamp holds the digest of the sources that the last successful build was made from. */
function buildIfChanged(title, stamp, sources, work) {
  const now = digest(sources);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === now) return;
  step(title, work);
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, now);
}

function compileScripts() {
  runPackage('typescript/bin/tsc', ['-p', root]);
  for (const asset of assets()) cpSync(asset, inDist(asset));
  // It is package.json's `bin`; npm makes it executable only where npm itself links it.
  chmodSync(inRoot('dist', 'daemon', 'main.js'), 0o755);
  prune();
}

/** What is gone from the sources goes from dist, where a test or a folder of commands would still find it. */
function prune() {
  const wanted = new Set(scriptSources().map((file) => inDist(file).replace(/\.ts$/, '.js')));
  const own = (file) => dirname(file) === inRoot('dist');
  for (const file of listFiles(inRoot('dist'))) if (!wanted.has(file) && !own(file)) rmSync(file);
}

function inDist(file) {
  return inRoot('dist', relative(root, file));
}

function compileAddon() {
  const options = ['-C', inRoot('addon'), '--loglevel=warn', ...nodeHeaders()];
  runPackage('node-gyp/bin/node-gyp.js', ['rebuild', `--jobs=${availableParallelism()}`, ...options]);
}

/** The headers that came with this Node, where they did; else node-gyp downloads them. */
function nodeHeaders() {
  const prefix = dirname(dirname(process.execPath));
  const versions = join(prefix, 'include', 'node', 'node_version.h');
  if (process.env.npm_config_nodedir !== undefined || !existsSync(versions)) return [];
  const text = readFileSync(versions, 'utf8');
  const part = (name) => new RegExp(`#define NODE_${name}_VERSION (\\d+)`).exec(text)?.[1];
  const version = ['MAJOR', 'MINOR', 'PATCH'].map(part).join('.');
  return version === process.versions.node ? [`--nodedir=${prefix}`] : [];
}

function scriptSources() {
  const folders = ['daemon', 'runtime', 'addon', 'test'].flatMap((folder) => listFiles(inRoot(folder)));
  return [
    ...folders.filter((file) => extname(file) === '.ts'),
    ...assets(),
    inRoot('tsconfig.json'),
    inRoot('package-lock.json'),
  ];
}

function addonSources() {
  return [
    inRoot('addon', 'binding.gyp'),
    ...['src', 'include', 'plugins'].flatMap((folder) => listFiles(inRoot('addon', folder))),
  ];
}

/** Files that programs read at run time: they lie in dist where they lie in the sources. */
function assets() {
  const folders = ['daemon', 'runtime', 'addon/include'].flatMap((folder) => listFiles(inRoot(folder)));
  return folders.filter((file) => extname(file) !== '.ts' && !file.startsWith(inRoot('daemon', 'setup')));
}

function listFiles(folder) {
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === 'build' ? [] : listFiles(path);
    return entry.isFile() ? [path] : [];
  });
}

/** Of names and contents, and of the Node and machine that build. */
function digest(files) {
  const hash = createHash('sha256').update(`${process.version} ${process.arch}\n`);
  for (const file of files) {
    const bytes = readFileSync(file);
    hash.update(`${relative(root, file)} ${bytes.length}\n`).update(bytes);
  }
  return hash.digest('hex');
}

module.exports = { build, nodeHeaders };

if (require.main === module) main(build);
