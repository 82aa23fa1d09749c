// onbox doctor: what is wrong with this machine for onbox, why it matters and what helps.

import { userInfo } from 'node:os';
import { type Diagnosis, examine, worstOf } from '../doctor/index.js';
import { currentUser, thisMachine } from '../doctor/patient.js';
import { plainText, printCount } from '../log.js';
import { packageVersion } from '../root.js';
import { homeFolder } from '../store/home.js';
import { type Command, exitCodes, type Terminal } from './command.js';
import { boxFlags, jsonFlag } from './flags.js';

export const doctor: Command = {
  name: 'doctor',
  summary: 'what is wrong with this machine for onbox, why, and the cure',
  positionals: [],
  flags: { json: jsonFlag, ...boxFlags },
  async run(args, terminal) {
    const user = currentUser(userName(terminal));
    const machine = thisMachine(terminal.environment, homeFolder(terminal.environment), user);
    const found = await examine(machine);
    const status = worstOf(found);
    const { name, soc } = machine.board;
    const answer = { version: packageVersion(), board: { name, soc }, status, findings: found };
    terminal.out(args.has('json') ? `${JSON.stringify(answer)}\n` : print(found));
    return status === 'problem' ? exitCodes.failure : exitCodes.ok;
  },
};

function print(found: readonly Diagnosis[]): string {
  const width = Math.max(...found.map(({ check }) => check.length));
  const lines = found.flatMap(({ check, status, summary, why, cure }) => [
    `${status.padEnd(7)}  ${check.padEnd(width)}  ${plainText(summary)}`,
    ...(why === undefined ? [] : [`${' '.repeat(width + 11)}why:  ${plainText(why)}`]),
    ...(cure === undefined ? [] : [`${' '.repeat(width + 11)}cure: ${plainText(cure)}`]),
  ]);
  const count = (status: Diagnosis['status']): number => found.filter((finding) => finding.status === status).length;
  return `${lines.join('\n')}\n${printCount(count('problem'), 'problem')}, ${printCount(count('warning'), 'warning')}\n`;
}

function userName({ environment }: Terminal): string {
  try {
    return userInfo().username;
  } catch {
    return environment['USER'] ?? 'this user';
  }
}
