// The models on disk: every file of every module against its digest, and whether the modules were made for this very machine.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode, errorMessage, readModule } from '../../runtime/index.js';
import { ModelStore, type StoredModel } from '../store/store.js';
import { type Check, type Finding, note, ok, type Patient, problem } from './check.js';

export const storeCheck: Check = {
  name: 'store',
  async run(patient: Patient) {
    const { files, home } = patient;
    if (!files.has(`${home}/models`)) return [ok(`no models in ${home} yet`)];
    const listed = await new ModelStore(files.at(home)).list().catch((error: unknown) => errorMessage(error));
    if (typeof listed === 'string') {
      return [
        problem(
          `the models in ${home} cannot be read`,
          listed,
          'run onbox doctor as the owner of that folder: sudo onbox doctor',
        ),
      ];
    }
    const findings: Finding[] = listed.damaged.map(({ name, error }) => damaged(name, error.message));
    for (const model of listed.models) findings.push(...(await checkModel(patient, model)));
    if (findings.length > 0) return findings;
    return [ok(`${listed.models.length} models in ${home}, every file as it was written`)];
  },
};

async function checkModel(patient: Patient, { name, module }: StoredModel): Promise<readonly Finding[]> {
  try {
    await readModule(module, await fingerprintIn(module));
  } catch (error) {
    if (errorCode(error) !== 'module-stale') return [damaged(name, errorMessage(error))];
    return [
      note(
        `model "${name}" was compiled by another version of onbox`,
        'it is compiled again at its first use',
        `onbox compile it before: onbox bench ${name}`,
      ),
    ];
  }
  const made = await fingerprintIn(module);
  const here = fingerprintHere(patient);
  // Modules for OpenCL bear the fingerprint of their device, which only a probe can tell.
  if (here === undefined || made.startsWith('opencl-') || made === here) return [];
  return [
    note(
      `model "${name}" was compiled on another machine (${made})`,
      `this one is ${here}; it is compiled again at its first use`,
    ),
  ];
}

/** Unchecked: the digests are checked whatever it says. */
async function fingerprintIn(module: string): Promise<string> {
  const text = await readFile(join(module, 'manifest.json'), 'utf8').catch(() => '{}');
  try {
    const { fingerprint } = JSON.parse(text) as { fingerprint?: unknown };
    return String(fingerprint);
  } catch {
    return '';
  }
}

function fingerprintHere({ cpu }: Patient): string | undefined {
  try {
    return cpu().fingerprint;
  } catch {
    return undefined;
  }
}

function damaged(name: string, why: string): Finding {
  return problem(
    `model "${name}" is damaged`,
    why,
    `onbox compile MODEL.onnx --name ${name}, or onbox rm ${name}; a disk that changes files should be replaced`,
  );
}
