// onbox inspect MODEL.onnx: what a model is, and whether onbox can run it, without compiling it.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  errorCode,
  errorMessage,
  mergeOverrides,
  type OnnxModel,
  type OnnxValue,
  type PlaceReport,
  readModel,
  readSidecar,
  understand,
  unsupported,
} from '../../runtime/index.js';
import type { ErrorFacts } from '../api/types.js';
import { compileOnnx } from '../jobs/compile-onnx.js';
import { plainText } from '../log.js';
import { nameFromFile } from '../store/names.js';
import type { CompileOptions } from '../store/record.js';
import { type Command, exitCodes } from './command.js';
import { boxFlags, compileFlags, compileOptionsOf, jsonFlag, overridesOf } from './flags.js';
import { readInput } from './input.js';
import { printPlacement } from './placement.js';

interface OperatorCount {
  readonly op: string;
  readonly domain: string;
  readonly count: number;
  readonly isKnown: boolean;
}

interface Inspection {
  readonly model: string;
  readonly producer: string;
  readonly opsets: Readonly<Record<string, number>>;
  readonly inputs: readonly ReturnType<typeof valueFacts>[];
  readonly outputs: readonly ReturnType<typeof valueFacts>[];
  readonly operators: readonly OperatorCount[];
  /** Values that the model is cut at, because a head of onbox reads on from there. */
  readonly ends: readonly string[];
  readonly task: string | null;
  readonly head: string | null;
  readonly labels: number;
  readonly image: object | null;
  /** Why the model cannot be compiled, if so. */
  readonly problem: ErrorFacts | null;
}

export const inspect: Command = {
  name: 'inspect',
  summary: 'what a model is, and whether onbox can run it',
  positionals: ['MODEL.onnx'],
  flags: { ...compileFlags, json: jsonFlag, ...boxFlags },
  files: { inputs: [{ at: 0 }, { at: 'labels' }] },
  async run(args, terminal) {
    const path = args.positional(0);
    const options = await compileOptionsOf(args);
    const model = readModel(await readInput(path, terminal));
    const found = await inspectModel(path, model, options);
    const placement = options.place === undefined ? null : await placementOf(path, options);
    const answer = placement === null ? found : { ...found, placement };
    if (args.has('json')) terminal.out(`${JSON.stringify(answer)}\n`);
    else terminal.out(`${printInspection(found)}${placement === null ? '' : printPlacement(placement)}`);
    return found.problem === null ? exitCodes.ok : exitCodes.refused;
  },
};

/** Regions are known once they have been compiled and timed, so the model is compiled, and thrown away. */
async function placementOf(path: string, options: CompileOptions): Promise<PlaceReport | null> {
  const folder = await mkdtemp(join(tmpdir(), 'onbox-place-'));
  try {
    const request = { name: nameFromFile(path), onnx: path, outFolder: join(folder, 'module'), options };
    const { report } = await compileOnnx(request, () => undefined);
    return (report['placement'] as PlaceReport | undefined) ?? null;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function inspectModel(path: string, model: OnnxModel, options: CompileOptions): Promise<Inspection> {
  const facts = {
    model: path,
    producer: model.producer,
    opsets: Object.fromEntries(model.opsets),
    inputs: model.inputs.map(valueFacts),
    outputs: model.outputs.map(valueFacts),
    operators: countOperators(model),
  };
  const nothing = { ends: [], task: null, head: null, labels: 0, image: null };
  try {
    const overrides = mergeOverrides(overridesOf(options), await readSidecar(path));
    const { inputs, cut } = options;
    const { spec, ends } = understand(model, {
      ...overrides,
      ...(inputs === undefined ? {} : { inputs }),
      ...(cut === undefined ? {} : { cut }),
    });
    const { task, head, labels, image } = spec;
    return { ...facts, ends, task, head: head?.kind ?? null, labels: labels.length, image: image ?? null, problem: null };
  } catch (error) {
    const code = errorCode(error);
    if (code === 'internal') throw error;
    return { ...facts, ...nothing, problem: { code, message: errorMessage(error) } };
  }
}

function countOperators(model: OnnxModel): OperatorCount[] {
  const missing = new Set(unsupported(model).map(({ op, domain }) => `${domain}:${op}`));
  const counts = new Map<string, OperatorCount>();
  for (const { op, domain } of model.nodes) {
    const key = `${domain}:${op}`;
    counts.set(key, { op, domain, count: (counts.get(key)?.count ?? 0) + 1, isKnown: !missing.has(key) });
  }
  return [...counts.values()].sort((a, b) => b.count - a.count || (a.op < b.op ? -1 : 1));
}

function valueFacts(value: OnnxValue) {
  return { name: value.name, dtype: value.typeText, shape: value.dims?.map((extent) => extent ?? '?') ?? null };
}

function printInspection(found: Inspection): string {
  const value = ({ name, dtype, shape }: ReturnType<typeof valueFacts>) =>
    `${plainText(name)} ${plainText(dtype)}[${plainText((shape ?? ['?']).join(','))}]`;
  const lines = [
    ...found.inputs.map((input) => `input ${value(input)}`),
    ...found.outputs.map((output) => `output ${value(output)}`),
    ...found.operators.map(({ op, domain, count, isKnown }) => {
      const name = domain === '' ? op : `${domain}.${op}`;
      return `operator ${plainText(name)} x${count}${isKnown ? '' : ` (${found.ends.length > 0 ? 'left out' : 'onbox lacks it'})`}`;
    }),
    ...found.ends.map((end) => `cut at ${plainText(end)}: the head reads on from there`),
    `task ${found.task ?? 'unknown'}`,
    `head ${found.head ?? 'none found'}`,
    `labels ${found.labels}`,
    ...(found.problem === null ? [] : [`cannot be compiled: ${plainText(found.problem.message)}`]),
  ];
  return `${lines.join('\n')}\n`;
}
