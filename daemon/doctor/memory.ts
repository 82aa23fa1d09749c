// Memory: enough to compile and to serve, and whether the kernel has already killed for want of it.

import { type Check, type Finding, ok, type Patient, printBytes, problem, warning } from './check.js';
import type { Files } from './files.js';

/** What a compile of a YOLO of nano size takes with gcc, and a model in service, in bytes. */
const compileBytes = 600 * 2 ** 20;
const serveBytes = 250 * 2 ** 20;
/** Where systemd keeps the figures of the service. */
export const serviceGroup = '/sys/fs/cgroup/system.slice/onbox.service';

export const memoryCheck: Check = {
  name: 'memory',
  run({ files }: Patient) {
    const facts = readMemory(files);
    const available = (facts.get('MemAvailable') ?? 0) + (facts.get('SwapFree') ?? 0);
    const total = facts.get('MemTotal') ?? 0;
    const swap = facts.get('SwapTotal') ?? 0;
    const summary = `${printBytes(facts.get('MemAvailable') ?? 0)} of ${printBytes(total)} available, ${swap === 0 ? 'no swap' : `${printBytes(swap)} swap`}`;
    const findings: Finding[] = [];
    const cure = 'end what is not needed, or add compressed swap: sudo apt-get install -y zram-tools';
    if (total === 0) findings.push(ok('the kernel does not tell of memory'));
    else if (available < serveBytes) findings.push(problem(summary, 'a model in service takes about 250 MiB', cure));
    else if (available < compileBytes) findings.push(warning(summary, 'to compile a small YOLO takes about 600 MiB', cure));
    else findings.push(ok(summary));
    return [...findings, ...checkKills(files)];
  },
};

/** What /proc/meminfo tells, in bytes. */
export function readMemory(files: Files): ReadonlyMap<string, number> {
  const lines = [...files.text('/proc/meminfo').matchAll(/^(\w+):\s+(\d+) kB$/gm)];
  return new Map(lines.map(([, name = '', kib = '']) => [name, Number(kib) * 1024]));
}

function checkKills(files: Files): readonly Finding[] {
  const kills = Number(/^oom_kill (\d+)$/m.exec(files.text(`${serviceGroup}/memory.events`))?.[1] ?? 0);
  if (kills === 0) return [];
  const limit = files.text(`${serviceGroup}/memory.max`);
  const allowed = /^\d+$/.test(limit) ? ` at its limit of ${printBytes(Number(limit))}` : '';
  return [
    warning(
      `the kernel has killed ${kills} processes of the service for want of memory`,
      `the service has met the end of its memory${allowed}`,
      'keep fewer models open (models.open), or raise MemoryMax: sudo systemctl edit onbox',
    ),
  ];
}
