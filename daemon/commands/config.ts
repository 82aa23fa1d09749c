// onbox config show: the settings that `onbox serve` would start with, and where each comes from.

import { type Config, readConfig, type Value } from '../config/read.js';
import { type Setting, type SettingName, settingNames, settings } from '../config/settings.js';
import { plainText } from '../log.js';
import { homeFolder } from '../store/home.js';
import { type Arguments, type Command, exitCodes, type Flag, type Terminal, usageError } from './command.js';
import { jsonFlag } from './flags.js';
import { printTable } from './table.js';

export const configFlag = {
  type: 'string',
  value: 'FILE',
  help: 'the configuration (default: config.json in the home, if it is there)',
} as const satisfies Flag;

export const config: Command = {
  name: 'config',
  summary: 'show: the settings of serve, and where each comes from',
  positionals: ['ACTION'],
  flags: { json: jsonFlag, config: configFlag },
  async run(args, terminal) {
    if (args.positional(0) !== 'show') throw usageError('onbox config: show');
    const read = await configOf(args, terminal);
    const shown = settingNames.map((name) => ({ name, value: shownValue(read, name), source: read.sources[name] }));
    if (args.has('json')) {
      terminal.out(`${JSON.stringify({ file: read.file ?? null, settings: shown })}\n`);
      return exitCodes.ok;
    }
    const rows = shown.map(({ name, value, source }) => [name, plainText(JSON.stringify(value)), plainText(source)]);
    terminal.out(printTable(['setting', 'value', 'from'], rows, 3));
    return exitCodes.ok;
  },
};

/** What flags, environment and file say together. @throws OnboxError `config-invalid`, `config-unsafe`, `file-missing`, `usage` */
export async function configOf(args: Arguments, terminal: Terminal): Promise<Config> {
  return await readConfig({
    home: homeFolder(terminal.environment),
    environment: terminal.environment,
    file: args.text('config'),
    flag: (name) => args.given(name),
  });
}

function shownValue({ values }: Config, name: SettingName): Value {
  const setting: Setting = settings[name];
  if (setting.kind === 'text' && setting.isSecret === true) return values[name] === '' ? '' : '(set, not shown)';
  return values[name];
}
