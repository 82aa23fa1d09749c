// The disk under the home: space, inodes, whether it may be written, and what kind it is.

import { dirname } from 'node:path';
import { type Check, type Finding, ok, type Patient, printBytes, problem, warning } from './check.js';
import type { Files } from './files.js';

/** Two versions of a large YOLO with sources and weights; below the second nothing can be installed. */
const roomyBytes = 2 * 2 ** 30;
const tightBytes = 300 * 2 ** 20;
const inodesMin = 1000;

export const diskCheck: Check = {
  name: 'disk',
  run({ files, home }: Patient) {
    const folder = nearest(files, home);
    const space = files.space(folder);
    if (space === undefined) return [problem(`${home} cannot be looked at`, 'models are kept there', `sudo ls -ld ${home}`)];
    const findings: Finding[] = [];
    const mount = mountOf(files, folder);
    const summary = `${printBytes(space.freeBytes)} of ${printBytes(space.bytes)} free under ${home}`;
    const cure = 'delete old models (onbox rm NAME) or packages (sudo apt-get clean; sudo journalctl --vacuum-size=100M)';
    if (mount?.options.includes('ro') === true) {
      const why = 'the kernel makes a file system read-only after errors; SD cards end so';
      findings.push(
        problem(`${mount.folder} is mounted read-only`, why, `dmesg | grep -i error; sudo mount -o remount,rw ${mount.folder}`),
      );
    }
    if (space.freeBytes < tightBytes)
      findings.push(problem(summary, 'an install needs the ONNX file twice, and its module', cure));
    else if (space.inodes > 0 && space.freeInodes < inodesMin) {
      findings.push(
        problem(`${space.freeInodes} files can still be made under ${home}`, 'the file system has no inodes left', cure),
      );
    } else if (space.freeBytes < roomyBytes)
      findings.push(warning(summary, 'a large model with two versions takes about 1 GiB', cure));
    return findings.length > 0 ? findings : [ok(summary)];
  },
};

/** The home, or the nearest folder above it that is there. */
function nearest(files: Files, path: string): string {
  return files.has(path) || path === '/' ? path : nearest(files, dirname(path));
}

function mountOf(files: Files, path: string): { readonly folder: string; readonly options: readonly string[] } | undefined {
  const mounts = files
    .text('/proc/mounts')
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([, folder = '']) => folder === '/' || path === folder || path.startsWith(`${folder}/`));
  const [longest] = mounts.sort((a, b) => (b[1]?.length ?? 0) - (a[1]?.length ?? 0));
  return longest?.[1] === undefined ? undefined : { folder: longest[1], options: (longest[3] ?? '').split(',') };
}
