// The device nodes of GPU and NPU, and whether those who run onbox may open them: the usual reason for "driver not found".

import type { Stats } from 'node:fs';
import { type Check, type Finding, ok, type Patient, problem, type User } from './check.js';
import type { Files } from './files.js';

/** Arm's Mali, the nodes through which GPUs and Rockchip's NPU are used, NPUs of mainline Linux, and memory shared with drivers. */
const patterns: readonly (readonly [folder: string, pattern: RegExp])[] = [
  ['/dev', /^(mali0|rknpu|galcore)$/],
  ['/dev/dri', /^renderD\d+$/],
  ['/dev/accel', /^accel\d+$/],
  ['/dev/dma_heap', /^(system|cma|system-dma32)$/],
];

export const nodesCheck: Check = {
  name: 'nodes',
  run({ files, users }: Patient) {
    const nodes = patterns.flatMap(([folder, pattern]) => files.list(folder, pattern));
    if (nodes.length === 0) return [ok('no device nodes of a GPU or NPU')];
    const findings = users.flatMap((user) => nodes.flatMap((node) => refusal(files, user, node)));
    return findings.length > 0
      ? findings
      : [ok(`${nodes.join(', ')} may be opened by ${users.map(({ name }) => name).join(' and ')}`)];
  },
};

function refusal(files: Files, user: User, node: string): readonly Finding[] {
  const facts = files.stat(node);
  if (facts === undefined || mayOpen(user, facts)) return [];
  const group = groupName(files, facts.gid);
  const summary = `${user.name} may not open ${node}`;
  const why = `it belongs to group ${group ?? facts.gid} with mode ${(facts.mode & 0o777).toString(8)}; drivers then say that there is no device`;
  const isUsable = (facts.mode & 0o060) === 0o060 && group !== undefined && group !== 'root';
  const cure = isUsable
    ? `sudo usermod -aG ${group} ${user.name}, and log in or start the service again`
    : `install onbox's udev rules (onbox service install), which give it to the group render: sudo udevadm trigger ${node}`;
  return [problem(summary, why, cure)];
}

/** To read and to write. */
function mayOpen({ uid, gids }: User, { mode, uid: owner, gid }: Stats): boolean {
  if (uid === 0) return true;
  const shift = uid === owner ? 6 : gids.includes(gid) ? 3 : 0;
  return ((mode >> shift) & 0o6) === 0o6;
}

function groupName(files: Files, gid: number): string | undefined {
  return files
    .text('/etc/group')
    .split('\n')
    .map((line) => line.split(':'))
    .find((fields) => fields[2] === String(gid))?.[0];
}

/** A user of /etc/passwd with the groups of /etc/group, and those that the unit of the service adds. */
export function findUser(files: Files, name: string): User | undefined {
  const lines = (path: string) =>
    files
      .text(path)
      .split('\n')
      .map((line) => line.split(':'));
  const entry = lines('/etc/passwd').find((fields) => fields[0] === name);
  if (entry === undefined) return undefined;
  const groups = lines('/etc/group').filter(
    ([group = '', , , members = '']) =>
      members.split(',').includes(name) || (name === 'onbox' && /^(video|render)$/.test(group)),
  );
  return { name, uid: Number(entry[2]), gids: [Number(entry[3]), ...groups.map((fields) => Number(fields[2]))] };
}
