// onbox compile MODEL.onnx: compiles a model on this machine, checks it, and installs it under a name.

import { describeModel } from '../service.js';
import { nameFromFile, requireModelName } from '../store/names.js';
import { type Command, exitCodes, usageError } from './command.js';
import { installFile } from './compiler.js';
import { compileFlags, compileOptionsOf, daemonFlags, daemonOf, jsonFlag, readInputFile, threadsFlag } from './flags.js';
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
  async run(args, terminal) {
    const path = args.positional(0);
    const name = requireModelName(args.text('name') ?? nameFromFile(path));
    const options = await compileOptionsOf(args);
    const client = await daemonOf(args, terminal);
    if (client !== undefined) {
      if (options.labels !== undefined || args.has('default'))
        throw usageError('--labels and --default do not work with --host');
      const input = args.texts('input');
      const detail = await client.put(name, await readInputFile(path), { task: options.task, head: options.head, input });
      terminal.out(
        args.has('json') ? `${JSON.stringify(detail)}\n` : `${detail.name} version ${detail.version}: ${detail.task}\n`,
      );
      return exitCodes.ok;
    }
    const store = openStore(terminal);
    const model = await installFile(store, { name, onnx: path, options, embedded: false }, terminal);
    if (args.has('default')) await store.setDefault(name);
    const isDefault = (await store.defaultFor(model.record.task)).name === name;
    const detail = describeModel(model, new Set(isDefault ? [name] : []));
    if (args.has('json')) terminal.out(`${JSON.stringify(detail)}\n`);
    else
      terminal.out(`${name} version ${detail.version}: ${detail.task}${detail.head === null ? '' : `, head ${detail.head}`}\n`);
    return exitCodes.ok;
  },
};
