// The checks of `onbox doctor`, in the order in which they are told: what everything else needs comes first.

import { errorMessage } from '../../runtime/index.js';
import { boardCheck } from './board.js';
import type { Check, Finding, Patient, Status } from './check.js';
import { compilerCheck } from './compiler.js';
import { diskCheck } from './disk.js';
import { gpuCheck, openclCheck } from './gpu.js';
import { configCheck, keyCheck, portCheck } from './listen.js';
import { memoryCheck } from './memory.js';
import { nodeCheck } from './node.js';
import { nodesCheck } from './nodes.js';
import { npuCheck, npuMemoryCheck } from './npu.js';
import { serviceCheck } from './service.js';
import { governorCheck, temperatureCheck, threadsCheck } from './speed.js';
import { storeCheck } from './store.js';
import { timeCheck } from './time.js';

const checks: readonly Check[] = [
  boardCheck,
  nodeCheck,
  compilerCheck,
  memoryCheck,
  diskCheck,
  storeCheck,
  timeCheck,
  governorCheck,
  temperatureCheck,
  threadsCheck,
  nodesCheck,
  gpuCheck,
  openclCheck,
  npuCheck,
  npuMemoryCheck,
  configCheck,
  portCheck,
  keyCheck,
  serviceCheck,
];

export type Diagnosis = Finding & { readonly check: string };

/** Runs every check; one that breaks is itself a finding, so that it hides no other. */
export async function examine(patient: Patient): Promise<readonly Diagnosis[]> {
  const found: Diagnosis[] = [];
  for (const { name, run } of checks) {
    try {
      found.push(...(await run(patient)).map((finding) => ({ check: name, ...finding })));
    } catch (error) {
      const cure = 'run it as root, or report it with this line';
      found.push({ check: name, status: 'warning', summary: 'this check failed', why: errorMessage(error), cure });
    }
  }
  return found;
}

/** The worst of them. */
export function worstOf(found: readonly Diagnosis[]): Status {
  const order: readonly Status[] = ['problem', 'warning', 'note'];
  return order.find((status) => found.some((finding) => finding.status === status)) ?? 'ok';
}
