// onbox compile MODEL.onnx: compiles a model on this machine, checks it, and installs it under a name.

import type { PlaceReport, PrecisionReport } from '../../runtime/index.js';
import { describeModel } from '../api/answers.js';
import type { Client } from '../api/client.js';
import type { ModelDetail } from '../api/types.js';
import { nameFromFile, requireModelName } from '../store/names.js';
import type { CompileOptions } from '../store/record.js';
import { type Command, exitCodes, type Terminal, usageError } from './command.js';
import { compileFlags, compileOptionsOf, daemonFlags, daemonOf, jsonFlag, threadsFlag } from './flags.js';
import { compileLocal, followThere } from './follow.js';
import { piped, readInput, stageInput } from './input.js';
import { printPlacement } from './placement.js';
import { printPrecision } from './precision.js';
import { openStore } from './target.js';

export const compile: Command = {
  name: 'compile',
  summary: 'compile a model on this machine and install it',
  positionals: ['MODEL.onnx'],
  flags: {
    name: { type: 'string', value: 'NAME', help: 'the name to install it under (default: from the file name)' },
    default: { type: 'boolean', help: 'make it the model that answers when none is named' },
    ...compileFlags,
    threads: threadsFlag,
    json: jsonFlag,
    ...daemonFlags,
  },
  files: { inputs: [{ at: 0 }, { at: 'labels' }] },
  async run(args, terminal) {
    const path = args.positional(0);
    const name = nameFor(path, args.text('name'));
    const options = await compileOptionsOf(args);
    const client = await daemonOf(args, terminal);
    const detail =
      client === undefined
        ? await compileHere({ path, name, options, isDefault: args.has('default') }, terminal)
        : await compileThere(client, { path, name, options, isDefault: args.has('default') }, terminal);
    if (args.has('json')) terminal.out(`${JSON.stringify(detail)}\n`);
    else
      terminal.out(`${name} version ${detail.version}: ${detail.task}${detail.head === null ? '' : `, head ${detail.head}`}\n`);
    const placement = detail.report['placement'] as PlaceReport | undefined;
    const precision = detail.report['precision'] as PrecisionReport | undefined;
    if (precision !== undefined && !args.has('json')) terminal.out(printPrecision(precision));
    if (placement !== undefined && !args.has('json')) terminal.out(printPlacement(placement));
    return exitCodes.ok;
  },
};

interface Request {
  readonly path: string;
  readonly name: string;
  readonly options: CompileOptions;
  readonly isDefault: boolean;
}

function nameFor(path: string, given: string | undefined): string {
  if (given !== undefined) return requireModelName(given);
  if (path === piped) throw usageError('compile: a model that is piped in needs --name NAME');
  return nameFromFile(path);
}

async function compileHere({ path, name, options, isDefault }: Request, terminal: Terminal): Promise<ModelDetail> {
  const store = openStore(terminal);
  await store.prepare();
  const staging = await stageInput(store, path, terminal);
  await compileLocal(store, staging, { name, options, isDefault }, terminal);
  return describeModel(await store.find(name), await store.defaultNames());
}

async function compileThere(
  client: Client,
  { path, name, options, isDefault }: Request,
  terminal: Terminal,
): Promise<ModelDetail> {
  const { inputs, otherInputs, cut, task, head, precision, labels, threads, place, target } = options;
  const hasMore = [labels, threads, place, target].some((option) => option !== undefined) || isDefault;
  if (hasMore) throw usageError('compile: --labels, --threads, --place, --target and --default do not work with --host');
  const sizes = [inputs ?? {}, ...(otherInputs ?? [])];
  const input = sizes.flatMap((size) => Object.entries(size).map(([tensor, shape]) => `${tensor}=${shape.join('x')}`));
  const job = await client.compile(name, await readInput(path, terminal), { task, head, precision, input, cut });
  await followThere(client, job, terminal);
  return await client.describe(name);
}
