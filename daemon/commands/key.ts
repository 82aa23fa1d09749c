// onbox key create|list|rm: the keys that clients of this box may bear. A key is shown once, when it is made.

import { createKey, readKeys, removeKey } from '../http/keys.js';
import { homeFolder } from '../store/home.js';
import { type Command, exitCodes, usageError } from './command.js';
import { jsonFlag } from './flags.js';
import { printTable } from './table.js';

export const key: Command = {
  name: 'key',
  summary: 'keys for clients: create NAME, list or rm NAME',
  positionals: ['ACTION', '[NAME]'],
  flags: { json: jsonFlag },
  async run(args, terminal) {
    const home = homeFolder(terminal.environment);
    const [action, name] = args.positionals;
    if (action === 'list') {
      const keys = (await readKeys(home)).map(({ name: each, createdAt }) => ({ name: each, createdAt }));
      const rows = keys.map((each) => [each.name, each.createdAt]);
      terminal.out(args.has('json') ? `${JSON.stringify({ keys })}\n` : printTable(['name', 'created'], rows));
      return exitCodes.ok;
    }
    if (action !== 'create' && action !== 'rm') throw usageError('onbox key: create NAME, list or rm NAME');
    if (name === undefined) throw usageError(`onbox key ${action}: NAME is missing`);
    if (action === 'create') {
      const made = await createKey(home, name);
      terminal.out(args.has('json') ? `${JSON.stringify({ name, key: made })}\n` : `${made}\n`);
    } else {
      await removeKey(home, name);
      terminal.out(args.has('json') ? `${JSON.stringify({ removed: name })}\n` : `removed the key ${name}\n`);
    }
    return exitCodes.ok;
  },
};
