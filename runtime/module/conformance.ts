// Conformance: whole trees of ONNX backend tests (model.onnx beside test_data_set_0, …) through the compiled path. Tests are so small
// that starting a compiler for each would take hours: they are compiled many at a time (conformance-batch.ts).

import { errorCode, errorMessage } from '../core/error.js';
import { printType, sameShape, type Tensor } from '../core/tensor.js';
import type { CpuDevice } from '../device/cpu.js';
import { describeCpu } from '../device/cpu.js';
import { numbersOf } from '../graph/numbers.js';
import { widenHalves, widenTensor } from '../graph/passes/widen-halves.js';
import { layOut } from './compile.js';
import { type BatchEntry, runBatch } from './conformance-batch.js';
import { type ConformanceCase, listCases, readCase } from './conformance-case.js';
import { requireCompilable } from './refuse.js';

/** `unsupported`: onbox says that it lacks something, with a reason; `failed`: it computes something else, or breaks. */
export type Verdict = 'passed' | 'failed' | 'unsupported';

export interface ConformanceResult {
  /** The folder of the test, from the root that was given. */
  readonly name: string;
  readonly verdict: Verdict;
  /** Why it did not pass. */
  readonly reason?: string;
}

export interface ConformanceReport {
  readonly passed: number;
  readonly failed: number;
  readonly unsupported: number;
  /** By name. */
  readonly results: readonly ConformanceResult[];
}

/** Tests of one shared object. */
const batchMax = 48;

/** numpy's allclose, as ONNX's own runner calls it. */
const relativeTolerance = 1e-3;
const absoluteTolerance = 1e-5;

/**
 * Runs all tests below `folder`.
 * @param progress is told how many of them are done
 * @throws OnboxError `tests-missing` if there are none, `toolchain-missing`
 */
export async function runConformance(
  folder: string,
  progress?: (completed: number, total: number) => void,
): Promise<ConformanceReport> {
  const device = describeCpu();
  const names = await listCases(folder);
  const results: ConformanceResult[] = [];
  for (let first = 0; first < names.length; first += batchMax) {
    progress?.(first, names.length);
    results.push(...(await runTests(folder, names.slice(first, first + batchMax), device)));
  }
  progress?.(names.length, names.length);
  const count = (verdict: Verdict) => results.filter((result) => result.verdict === verdict).length;
  return { passed: count('passed'), failed: count('failed'), unsupported: count('unsupported'), results };
}

interface Prepared extends BatchEntry {
  readonly name: string;
  readonly wanted: ConformanceCase['wanted'];
}

async function runTests(folder: string, names: readonly string[], device: CpuDevice): Promise<ConformanceResult[]> {
  const verdicts = new Map<string, ConformanceResult>();
  const prepared: Prepared[] = [];
  for (const name of names) {
    try {
      prepared.push(...(await readCase(folder, name)).map((one) => prepare(name, one, device)));
    } catch (error) {
      verdicts.set(name, { name, ...refusalOf(error) });
    }
  }
  const ready = prepared.filter(({ name }) => !verdicts.has(name));
  const outcomes = await runApart(ready, device);
  for (const [i, { name, wanted }] of ready.entries()) {
    const outcome = outcomes[i] as Outcome;
    const reason = 'error' in outcome ? errorMessage(outcome.error) : differenceOf(wanted, outcome.outputs);
    if (verdicts.get(name)?.verdict === 'failed') continue;
    verdicts.set(name, reason === undefined ? { name, verdict: 'passed' } : { name, verdict: 'failed', reason });
  }
  return names.map((name) => verdicts.get(name) ?? { name, verdict: 'failed', reason: 'it has no data set' });
}

/** As compiles do, models in halves are computed and answered in f32; what is wanted in halves are the same numbers. */
function prepare(name: string, test: ConformanceCase, device: CpuDevice): Prepared {
  const graph = widenHalves(test.graph);
  requireCompilable(graph, undefined);
  const widened = (tensors: ReadonlyMap<string, Tensor>) =>
    new Map([...tensors].map(([value, tensor]) => [value, widenTensor(tensor)]));
  return { name, graph: layOut(graph, device), inputs: widened(test.inputs), wanted: widened(test.wanted) };
}

/** What onbox says itself is a refusal; anything else is a fault of onbox. */
function refusalOf(error: unknown): { verdict: Verdict; reason: string } {
  const code = errorCode(error);
  const message = errorMessage(error);
  return code === 'internal'
    ? { verdict: 'failed', reason: message }
    : { verdict: 'unsupported', reason: `${code}: ${message}` };
}

type Outcome = { readonly outputs: ReadonlyMap<string, Tensor> } | { readonly error: unknown };

/** One batch; where that fails as a whole, each half by itself, down to the test that is at fault. */
async function runApart(entries: readonly Prepared[], device: CpuDevice): Promise<Outcome[]> {
  if (entries.length === 0) return [];
  try {
    return (await runBatch(entries, device)).map((outputs) => ({ outputs }));
  } catch (error) {
    if (errorCode(error) === 'toolchain-missing') throw error;
    if (entries.length === 1) return [{ error }];
    const half = Math.ceil(entries.length / 2);
    return [...(await runApart(entries.slice(0, half), device)), ...(await runApart(entries.slice(half), device))];
  }
}

function differenceOf(wanted: ReadonlyMap<string, Tensor>, outputs: ReadonlyMap<string, Tensor>): string | undefined {
  for (const [name, want] of wanted) {
    const problem = compareTensors(want, outputs.get(name));
    if (problem !== undefined) return `output ${JSON.stringify(name)}: ${problem}`;
  }
  return undefined;
}

function compareTensors(want: Tensor, got: Tensor | undefined): string | undefined {
  if (got === undefined) return 'it is missing';
  if (got.dtype !== want.dtype || !sameShape(got.shape, want.shape)) return `wants ${printType(want)}, got ${printType(got)}`;
  const [wanted, values] = [numbersOf(want), numbersOf(got)];
  const index = wanted.findIndex((value, i) => !isClose(value, values[i] as number));
  return index < 0 ? undefined : `element ${index} wants ${wanted[index]}, got ${values[index]}`;
}

function isClose(want: number, got: number): boolean {
  if (want === got || (Number.isNaN(want) && Number.isNaN(got))) return true;
  return Math.abs(want - got) <= absoluteTolerance + relativeTolerance * Math.abs(want) && Number.isFinite(got);
}
