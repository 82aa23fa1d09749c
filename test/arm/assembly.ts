// Reads what objdump prints of a module: the innermost loops of its kernels, and what they are made of.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { disassembler } from './tools.js';

const runFile = promisify(execFile);

/** An innermost loop that multiplies and adds vectors. Counts are of instructions in one turn. */
export interface VectorLoop {
  readonly instructions: number;
  readonly multiplyAdds: number;
  /** Loads of vector registers, whole or a single lane; a pair is one. */
  readonly loads: number;
  /** Loads and stores of whole vector registers in the stack frame. */
  readonly spills: number;
  /** Copies of one lane to all lanes, which multiply-add by lane makes needless. */
  readonly spreads: number;
}

interface Instruction {
  readonly address: number;
  readonly text: string;
  /** Where a branch goes to; undefined for all else. */
  readonly target: number | undefined;
}

/** The loops of every function of an object file, by the function's name. */
export async function vectorLoops(object: string): Promise<ReadonlyMap<string, readonly VectorLoop[]>> {
  const { stdout } = await runFile(disassembler, ['-d', '--no-show-raw-insn', object], { maxBuffer: 64 << 20 });
  const functions = new Map<string, VectorLoop[]>();
  for (const block of stdout.split(/\n\n/)) {
    const name = /^[0-9a-f]+ <(\w+)>:/m.exec(block)?.[1];
    if (name !== undefined) functions.set(name, loopsOf(parse(block)));
  }
  return functions;
}

/** For example `  10a4:  b.ne  1050 <k2+0x40>  // b.any`. */
function parse(block: string): Instruction[] {
  return block.split('\n').flatMap((line) => {
    const match = /^\s*([0-9a-f]+):\s+(.*?)\s*(\/\/.*)?$/.exec(line);
    if (match === null) return [];
    const text = (match[2] ?? '').replaceAll('\t', ' ');
    const target = /^(?:b|b\.\w+|cbn?z|tbn?z)\s(?:.*,\s*)?([0-9a-f]+) </.exec(text)?.[1];
    return [
      {
        address: Number.parseInt(match[1] ?? '', 16),
        text,
        target: target === undefined ? undefined : Number.parseInt(target, 16),
      },
    ];
  });
}

function loopsOf(instructions: readonly Instruction[]): VectorLoop[] {
  const loops = instructions.flatMap(({ address, target }) => {
    return target === undefined || target > address ? [] : [{ from: target, to: address }];
  });
  const innermost = loops.filter((loop) => !loops.some((one) => one !== loop && one.from >= loop.from && one.to <= loop.to));
  return innermost
    .map(({ from, to }) => count(instructions.filter(({ address }) => address >= from && address <= to)))
    .filter(({ multiplyAdds }) => multiplyAdds > 0);
}

function count(body: readonly Instruction[]): VectorLoop {
  const matching = (pattern: RegExp) => body.filter(({ text }) => pattern.test(text)).length;
  return {
    instructions: body.length,
    multiplyAdds: matching(/^fmla v/),
    loads: matching(/^ld(r|p|ur) [qds]\d/) + matching(/^ld1r? \{/),
    spills: matching(/^(ld|st)(r|p|ur) q\d.*\[sp/),
    spreads: matching(/^dup v/),
  };
}
