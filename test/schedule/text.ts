// Steps in text form: what a program looks like after a schedule.

import { parseProgram } from '../../runtime/loop/parse.js';
import { printProgram, printStatement } from '../../runtime/loop/print.js';
import { verifyProgram } from '../../runtime/loop/verify.js';
import { apply } from '../../runtime/schedule/apply.js';
import type { Schedule } from '../../runtime/schedule/steps.js';

/** The statements of the program after all steps, which have to be legal; with packed buffers before them. */
export function after(text: string, schedule: Schedule): string {
  const program = verifyProgram(parseProgram(text));
  const applied = apply(schedule, program);
  if (!applied.legal) throw new Error(`step ${applied.step} is illegal: ${applied.reason}`);
  const { buffers, packings, body } = verifyProgram(applied.program);
  const packed = buffers.filter(({ role }) => role === 'packed');
  const declarations = packed.length === 0 ? [] : [printProgram({ buffers: packed, packings, body: [] })];
  return [...declarations, ...body.map(printStatement)].join('\n');
}

/** Why the schedule cannot be applied, '' if it can. */
export function reason(text: string, schedule: Schedule): string {
  const applied = apply(schedule, parseProgram(text));
  return applied.legal ? '' : applied.reason;
}

/** Without the indentation that all lines share, and without the first and last line break. */
export function dedent([text = '']: readonly string[]): string {
  const lines = text.replace(/^\n/, '').replace(/\n *$/, '').split('\n');
  const indent = Math.min(...lines.filter((line) => line.trim() !== '').map((line) => line.length - line.trimStart().length));
  return lines.map((line) => line.slice(indent)).join('\n');
}
