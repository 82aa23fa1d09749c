// onbox rm NAME: deletes an installed model with all its versions.

import { type Command, exitCodes } from './command.js';
import { daemonFlags, daemonOf, jsonFlag } from './flags.js';
import { openStore } from './target.js';

export const rm: Command = {
  name: 'rm',
  summary: 'delete an installed model',
  positionals: ['NAME'],
  flags: { json: jsonFlag, ...daemonFlags },
  async run(args, terminal) {
    const name = args.positional(0);
    const client = await daemonOf(args, terminal);
    if (client !== undefined) await client.remove(name);
    else await openStore(terminal).remove(name);
    terminal.out(args.has('json') ? `${JSON.stringify({ removed: name })}\n` : `removed ${name}\n`);
    return exitCodes.ok;
  },
};
