// The C compiler, without which no model can be compiled: is it there, does it run, and has it the headers and libraries of C?

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errorMessage, findCompiler } from '../../runtime/index.js';
import { type Check, ok, type Patient, problem, warning } from './check.js';

/** gcc before it lacks what the generated vector code is tested with. */
const gccMajorMin = 9;

export const compilerCheck: Check = {
  name: 'compiler',
  async run(patient: Patient) {
    const why = 'models are compiled on this machine, by its own C compiler';
    let compiler: string;
    try {
      compiler = findCompiler(patient.environment);
    } catch (error) {
      return [problem(errorMessage(error).split(';')[0] ?? '', why, 'sudo apt-get install -y gcc libc6-dev')];
    }
    const words = (await patient.run(compiler, '--version'))?.split('\n')[0]?.trim();
    if (words === undefined || words === '') {
      return [problem(`${compiler} cannot be run`, why, 'sudo apt-get install -y --reinstall gcc libc6-dev')];
    }
    if (!(await compiles(patient, compiler))) {
      const lacks = 'the headers or libraries of C are missing, or the folder of temporary files is full or without execution';
      return [problem(`${words} compiles no shared object`, lacks, `sudo apt-get install -y libc6-dev; df -h ${tmpdir()}`)];
    }
    const gcc = /\bg?cc\b.*?(\d+)\.\d+\.\d+/i.exec(words);
    if (gcc !== null && !/clang/i.test(words) && Number(gcc[1]) < gccMajorMin) {
      return [
        warning(
          words,
          `gcc before ${gccMajorMin} makes slow or no code of some kernels`,
          'sudo apt-get install -y clang; export ONBOX_CC=clang',
        ),
      ];
    }
    return [ok(`${words}, at ${compiler}`)];
  },
};

async function compiles(patient: Patient, compiler: string): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'onbox-doctor-')).catch(() => undefined);
  if (folder === undefined) return false;
  try {
    const source = join(folder, 'probe.c');
    await writeFile(source, '#include <math.h>\n#include <stdint.h>\nfloat probe(float x) { return sqrtf(x); }\n');
    const output = join(folder, 'probe.so');
    return (await patient.run(compiler, '-O2', '-fPIC', '-shared', source, '-o', output, '-lm')) !== undefined;
  } catch {
    return false;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
