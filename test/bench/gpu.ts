// `npm run bench -- gpu`: one file that measures onbox on the GPU of another machine, which needs no network, no Node and no npm: only
// Python (to unpack, and PyTorch to compare with), gcc and the GPU's OpenCL driver.

import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, cpSync, existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { OnboxError } from '../../runtime/core/error.js';
import { packageRoot } from '../../runtime/module/files.js';
import { sharedData } from '../support/data.js';
import { parseFlags } from './support/arguments.js';

/** Of the project; tests' helpers are what gpu-run.ts imports. */
const parts = [
  'package.json',
  'addon/include',
  'addon/build/Release/native.node',
  'runtime/module/shipped',
  'dist/addon',
  'dist/runtime',
  'dist/test/bench/support',
  'dist/test/support',
];
/** What the compiler needs of node_modules; nothing decodes pictures here. */
const packages = ['onnx-proto', 'protobufjs', 'long', 'munkres'];
/** Beside those that PyTorch builds. */
const modelsDefault = 'yolov5n_640,yolov8n_640_fp32deq';

/**
 * @param args `--out FILE` (a .tar.xz), `--models a,b` of the shared test data, `--records FILE` of an earlier run
 * @throws OnboxError `usage`
 */
export async function main(args: readonly string[]): Promise<void> {
  const flags = parseFlags(args, ['out', 'models', 'records']);
  const root = packageRoot();
  const out = resolve(flags.out ?? join(root, 'dist', 'onbox-gpu.tar.xz'));
  const staging = join(root, 'dist', 'onbox-gpu');
  rmSync(staging, { recursive: true, force: true });
  for (const part of parts) copy(join(root, part), join(staging, 'app', part));
  for (const name of packages) copy(join(root, 'node_modules', name), join(staging, 'app', 'node_modules', name));
  copy(process.execPath, join(staging, 'node'));
  copy(join(root, 'test/bench/support/gpu_peer.py'), join(staging, 'app', 'gpu_peer.py'));
  mkdirSync(join(staging, 'app', 'models'));
  for (const name of (flags.models ?? modelsDefault).split(',')) {
    const path = sharedData('models', `${name}.onnx`);
    if (path === undefined) print(`${name} is left out: the shared test data is missing`);
    else copyFileSync(path, join(staging, 'app', 'models', `${name.replace(/^light\//, '')}.onnx`));
  }
  if (flags.records !== undefined) {
    if (!existsSync(flags.records)) throw new OnboxError(`there are no records in ${flags.records}`, { code: 'usage' });
    copyFileSync(flags.records, join(staging, 'app', 'records.jsonl'));
  }
  const script = join(staging, 'run');
  writeFileSync(
    script,
    '#!/bin/sh\nhere=$(cd "$(dirname "$0")" && pwd)\nexec "$here/node" "$here/app/dist/test/bench/support/gpu-run.js" "$@"\n',
  );
  chmodSync(script, 0o755);
  execFileSync('tar', ['-C', dirname(staging), '-cf', out, '--use-compress-program=xz -1 -T0', 'onbox-gpu']);
  rmSync(staging, { recursive: true });
  print(`${out}: ${(statSync(out).size / 2 ** 20).toFixed(1)} MiB. Where the GPU is:`);
  print(`  python3 -m tarfile -e ${out.split('/').at(-1)} . && onbox-gpu/run --seconds 300 --out results`);
  print('and the records it writes there go into the next bundle by --records.');
}

function copy(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to, { recursive: true, dereference: true });
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
