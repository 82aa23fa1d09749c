// Who may import whom: daemon -> runtime -> addon, and inside runtime the stages in their order. A room that needs one that is
// not granted here takes a function instead, or the grant is argued for in the commit that adds it.

import { posix } from 'node:path';
import { listSources, readSource } from './support/sources.js';

/** A room of runtime/ to the rooms it may import besides itself, in the order of the stages. */
const grants: Readonly<Record<string, readonly string[]>> = {
  core: [],
  graph: ['core'],
  onnx: ['core', 'graph'],
  loop: ['core'],
  lower: ['core', 'graph', 'loop'],
  // graph: what chooses the algorithm of a convolution reads its facts.
  schedule: ['core', 'graph', 'loop'],
  codegen: ['core', 'loop', 'schedule'],
  device: ['core', 'addon'],
  // addon: the types of what a plugin compiles.
  place: ['core', 'graph', 'loop', 'lower', 'device', 'addon'],
  module: ['core', 'graph', 'onnx', 'loop', 'lower', 'schedule', 'codegen', 'device', 'place', 'addon'],
  // onnx: the metadata of the file say what a picture means to the model, so vision/compile.ts is where both are known.
  vision: ['core', 'graph', 'onnx', 'module'],
  track: ['core', 'vision'],
};

/** Packages and binaries that the product imports in one file only. */
const doors: Readonly<Record<string, string>> = {
  '#native': 'addon/index.ts',
  'onnx-proto': 'runtime/onnx/read.ts',
};

const sources = listSources();
const scripts = sources.filter((path) => path.endsWith('.ts') && !path.startsWith('test/'));
const native = sources.filter((path) => /\.(cc|h)$/.test(path));

/** What a file imports, re-exports or requires; own files as paths from the root, without ending. */
function importsOf(path: string): string[] {
  const names = [...readSource(path).matchAll(/(?:\bfrom|\bimport|\brequire)\s*\(?\s*'([^']+)'/g)].map(
    (match) => match[1] ?? '',
  );
  return names.map((name) => (name.startsWith('.') ? posix.join(posix.dirname(path), name).replace(/\.js$/, '') : name));
}

/** `graph` for a file of runtime/graph, `runtime` for its index, `daemon` and `addon` for all of theirs. */
function roomOf(path: string): string {
  const [top = '', room = ''] = path.split('/');
  return top === 'runtime' && path.split('/').length > 2 ? room : top;
}

function isOwn(name: string): boolean {
  return /^(addon|daemon|runtime|test)\//.test(name);
}

function mayImport(path: string, name: string): boolean {
  const [from, to] = [roomOf(path), roomOf(name)];
  if (from === to) return true;
  if (from === 'daemon') return name === 'runtime/index';
  if (from === 'runtime') return to in grants;
  if (to === 'addon' && name !== 'addon/index') return false;
  return grants[from]?.includes(to) ?? false;
}

test('the grants are in the order of the stages, so that there is no way back', () => {
  const order = Object.keys(grants);
  const backward = Object.entries(grants).flatMap(([room, granted]) =>
    granted.filter((other) => order.indexOf(other) >= order.indexOf(room)),
  );
  expect(backward).toEqual([]);
});

test('every folder of runtime has a grant', () => {
  const rooms = new Set(scripts.filter((path) => path.startsWith('runtime/')).map(roomOf));
  expect([...rooms].filter((room) => room !== 'runtime' && !(room in grants))).toEqual([]);
});

test.each(scripts)('%s imports only what its room may', (path) => {
  expect(importsOf(path).filter((name) => isOwn(name) && !mayImport(path, name))).toEqual([]);
});

test.each(Object.entries(doors))('%s is imported by %s alone', (name, door) => {
  expect(scripts.filter((path) => importsOf(path).includes(name))).toEqual([door]);
});

test('Node-API stays in the bindings', () => {
  const users = native.filter((path) => /#include <(napi|node_api|js_native_api)/.test(readSource(path)));
  expect(users.filter((path) => path !== 'addon/src/addon.cc' && !path.startsWith('addon/src/bindings/'))).toEqual([]);
});
