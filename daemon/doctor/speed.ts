// What makes a box slower than it is: clocks that are kept low, heat, and processes that may not run on the fast cores.

import { type Check, type Finding, note, ok, type Patient, warning } from './check.js';
import type { Files } from './files.js';
import { serviceGroup } from './memory.js';

/** They raise the clock never, or by small steps. */
const slowGovernors = ['powersave', 'userspace', 'conservative'];
/** Of a chip that still runs at full speed; Rockchip's own trip point lies at 85 to 95, in degrees Celsius. */
const warmMax = 80;

export const governorCheck: Check = {
  name: 'governor',
  run({ files }: Patient) {
    const policies = files.list('/sys/devices/system/cpu/cpufreq', /^policy\d+$/);
    const cores = policies.map((policy) => ({
      what: `cores ${files.text(`${policy}/related_cpus`).replaceAll(' ', ',')}`,
      governor: files.text(`${policy}/scaling_governor`),
      file: `${policy}/scaling_governor`,
    }));
    const devices = files.list('/sys/class/devfreq', /\.(gpu|npu)$|^dmc$/).map((device) => ({
      what: deviceName(device),
      governor: files.text(`${device}/governor`),
      file: `${device}/governor`,
    }));
    const all = [...cores, ...devices].filter(({ governor }) => governor !== '');
    if (all.length === 0) return [ok('the kernel does not tell of clocks (a virtual machine or a container)')];
    const slow = all.flatMap(({ what, governor, file }) => {
      const cure = `echo performance | sudo tee ${file}`;
      if (slowGovernors.includes(governor)) return [warning(`${what}: ${governor}`, 'the clock stays low under load', cure)];
      if (governor !== 'simple_ondemand' || what === 'memory') return [];
      return [note(`${what}: ${governor}`, 'a single picture is over before the clock has risen', cure)];
    });
    return slow.length > 0 ? slow : [ok(all.map(({ what, governor }) => `${what}: ${governor}`).join('; '))];
  },
};

function deviceName(path: string): string {
  if (path.endsWith('.gpu')) return 'GPU';
  return path.endsWith('.npu') ? 'NPU' : 'memory';
}

export const temperatureCheck: Check = {
  name: 'temperature',
  run({ files }: Patient) {
    const zones = files.list('/sys/class/thermal', /^thermal_zone\d+$/).flatMap((zone) => {
      const degrees = files.number(`${zone}/temp`) / 1000;
      return Number.isFinite(degrees) ? [{ name: files.text(`${zone}/type`), degrees }] : [];
    });
    const hottest = [...zones].sort((a, b) => b.degrees - a.degrees)[0];
    if (hottest === undefined) return [ok('the kernel does not tell of temperatures')];
    const summary = `${hottest.name} at ${hottest.degrees.toFixed(0)} °C`;
    const cure = 'a heat sink or a fan; measure and tune when the box is as warm as in service';
    const throttled = throttledBy(files);
    if (throttled.length > 0)
      return [warning(summary, `the kernel holds clocks down because of heat: ${throttled.join(', ')}`, cure)];
    if (hottest.degrees > warmMax) return [warning(summary, `above ${warmMax} °C the kernel soon holds the clocks down`, cure)];
    return [ok(summary)];
  },
};

/** Devices that are cooled by slowing them; fans cool as well, and without harm. */
function throttledBy(files: Files): readonly string[] {
  return files
    .list('/sys/class/thermal', /^cooling_device\d+$/)
    .filter(
      (device) =>
        files.number(`${device}/cur_state`) > 0 && /cpufreq|devfreq|cpu-|processor|gpu|npu/i.test(files.text(`${device}/type`)),
    )
    .map((device) => files.text(`${device}/type`));
}

export const threadsCheck: Check = {
  name: 'threads',
  run({ files, cpu }: Patient) {
    let fastest: readonly number[];
    let count: number;
    try {
      const { kinds } = cpu().cores;
      fastest = kinds[0]?.processors ?? [];
      count = kinds.reduce((sum, kind) => sum + kind.processors.length, 0);
    } catch {
      return [ok('unknown: see node')];
    }
    const findings: Finding[] = [];
    const pinned: readonly (readonly [what: string, list: string, cure: string])[] = [
      [
        'this shell',
        /^Cpus_allowed_list:\s*(\S+)$/m.exec(files.text('/proc/self/status'))?.[1] ?? '',
        'start it without taskset or cpuset',
      ],
      [
        'the service',
        files.text(`${serviceGroup}/cpuset.cpus.effective`),
        'remove CPUAffinity and AllowedCPUs: sudo systemctl edit onbox',
      ],
    ];
    for (const [what, list, cure] of pinned) {
      const allowed = parseList(list);
      if (allowed.size === 0 || fastest.every((index) => allowed.has(index))) continue;
      const why = `the fastest cores are ${printList(fastest)}, and it may run on ${list} only`;
      findings.push(warning(`${what} is kept off fast cores`, why, cure));
    }
    const [quota = '', period = ''] = files.text(`${serviceGroup}/cpu.max`).split(' ');
    if (Number(quota) / Number(period) < count) {
      const share = (Number(quota) / Number(period)).toFixed(1);
      findings.push(
        warning(
          `the service gets ${share} of ${count} processors`,
          'its threads wait for each other when the share is spent',
          'remove CPUQuota: sudo systemctl edit onbox',
        ),
      );
    }
    return findings.length > 0 ? findings : [ok(`all of the fastest cores may be used: ${printList(fastest)} of ${count}`)];
  },
};

/** As in `0-3,6`. */
function parseList(text: string): ReadonlySet<number> {
  const numbers = text.split(',').flatMap((range) => {
    const [first = Number.NaN, last = first] = range.split('-').map((part) => Number.parseInt(part, 10));
    return Number.isNaN(first) ? [] : Array.from({ length: Math.min(last - first, 4096) + 1 }, (_, i) => first + i);
  });
  return new Set(numbers);
}

function printList(numbers: readonly number[]): string {
  return numbers.join(',');
}
