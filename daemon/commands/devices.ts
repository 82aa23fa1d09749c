// onbox devices: what models can run on here, and for what they cannot, why and what helps.

import { type CpuDevice, describeCpu, type OpenclReport, type ProbedDevice, probeOpencl } from '../../runtime/index.js';
import { plainText, printCount } from '../log.js';
import { type Command, exitCodes } from './command.js';
import { boxFlags, jsonFlag } from './flags.js';

export const devices: Command = {
  name: 'devices',
  summary: 'the processors and GPUs that models can run on here, and the cure for those they cannot',
  positionals: [],
  flags: { json: jsonFlag, ...boxFlags },
  async run(args, terminal) {
    const cpu = describeCpu();
    const opencl = await probeOpencl({ environment: terminal.environment });
    terminal.out(args.has('json') ? `${JSON.stringify(answerOf(cpu, opencl))}\n` : print(cpu, opencl));
    return exitCodes.ok;
  },
};

function answerOf(cpu: CpuDevice, { devices: probed, problem }: OpenclReport) {
  const { name, arch, isa, cores, fingerprint } = cpu;
  return {
    devices: [
      { kind: 'cpu', name, usable: true, arch, isa, cores: cores.count, fingerprint },
      ...probed.map(({ device, problem: own }) => ({ kind: 'opencl', usable: own === undefined, ...device, ...own })),
    ],
    ...(problem === undefined ? {} : { opencl: problem }),
  };
}

function print(cpu: CpuDevice, { devices: probed, problem }: OpenclReport): string {
  const lines = [`cpu     ${plainText(cpu.name)}, ${printCount(cpu.cores.count, 'core')}, ${cpu.isa}: usable`];
  for (const { device, problem: own } of probed) {
    lines.push(`opencl  ${plainText(describe(device))}: ${own === undefined ? 'usable' : 'not usable'}`, ...reasonOf(own));
  }
  if (problem !== undefined) lines.push('opencl  none', ...reasonOf(problem));
  return `${lines.join('\n')}\n`;
}

function describe(device: ProbedDevice['device']): string {
  const { name, platformName, driver, type, units, megahertz, globalBytes, workGroupMax, localBytes } = device;
  const memory = `${(globalBytes / 2 ** 30).toFixed(1)} GiB`;
  const half = device.hasHalfArithmetic ? 'fp16' : 'fp16 as storage';
  const local = localBytes > 0 ? `, ${localBytes / 1024} KiB local` : '';
  const speed = megahertz > 0 ? ` at ${megahertz} MHz` : '';
  return `${name} (${platformName}, ${type}), driver ${driver}, ${printCount(units, 'unit')}${speed}, ${memory}, ${half}, groups of ${workGroupMax}${local}`;
}

function reasonOf(problem: { readonly reason: string; readonly cure: string } | undefined): string[] {
  if (problem === undefined) return [];
  return [`        why:  ${plainText(problem.reason)}`, `        cure: ${plainText(problem.cure)}`];
}
