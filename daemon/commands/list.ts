// onbox list: the installed models.

import { summarize } from '../api/answers.js';
import type { ModelList } from '../api/types.js';
import { plainText } from '../log.js';
import { type Arguments, type Command, exitCodes, type Terminal } from './command.js';
import { daemonFlags, daemonOf, jsonFlag } from './flags.js';
import { openStore } from './target.js';

export const list: Command = {
  name: 'list',
  summary: 'the installed models',
  positionals: [],
  flags: { json: jsonFlag, ...daemonFlags },
  async run(args, terminal) {
    const answer = await listOf(args, terminal);
    if (args.has('json')) {
      terminal.out(`${JSON.stringify(answer)}\n`);
      return exitCodes.ok;
    }
    for (const model of answer.models) {
      terminal.out(`${model.name} version ${model.version}: ${model.task}${model.default ? ' (default)' : ''}\n`);
    }
    for (const { name, error } of answer.damaged) terminal.err(`${plainText(name)}: ${plainText(error.message)}\n`);
    if (answer.models.length === 0) terminal.err('no model is installed; see: onbox help compile\n');
    return exitCodes.ok;
  },
};

async function listOf(args: Arguments, terminal: Terminal): Promise<ModelList> {
  const client = await daemonOf(args, terminal);
  if (client !== undefined) return await client.list();
  const store = openStore(terminal);
  const { models, damaged } = await store.list();
  const defaults = await store.defaultNames();
  return { models: models.map((model) => summarize(model, defaults)), damaged };
}
