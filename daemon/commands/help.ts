// onbox help [COMMAND]: the list of commands, or what one of them takes. Both are made from the command table.

import { printFact } from '../log.js';
import { type Command, exitCodeHelp, exitCodes, type Terminal, usageError } from './command.js';

/** Made by index.ts, which knows all commands. */
export function createHelp(commands: () => readonly Command[]): Command {
  return {
    name: 'help',
    summary: 'what onbox can do, or what one command takes',
    positionals: ['[COMMAND]'],
    flags: {},
    async run(args, terminal) {
      const name = args.positionals[0];
      if (name === undefined) {
        terminal.out(overview(commands()));
        return exitCodes.ok;
      }
      const command = commands().find((candidate) => candidate.name === name);
      if (command === undefined) throw usageError(`there is no command ${printFact(name)}; see: onbox help`);
      printCommandHelp(command, terminal);
      return exitCodes.ok;
    },
  };
}

export function printCommandHelp(command: Command, terminal: Terminal): void {
  const flags = Object.entries(command.flags).map(([name, flag]): readonly [string, string] => [
    `--${name}${flag.type === 'string' ? ` ${flag.value ?? 'VALUE'}` : ''}`,
    `${flag.help}${flag.multiple === true ? ' (may be repeated)' : ''}`,
  ]);
  const usage = ['onbox', command.name, ...command.positionals, ...(flags.length > 0 ? ['[flags]'] : [])].join(' ');
  terminal.out(`${usage}\n\n${command.summary}\n${flags.length > 0 ? `\n${columns(flags)}` : ''}`);
}

/** The list of commands, exit codes and variables. */
export function overview(commands: readonly Command[]): string {
  const rows = commands.map((command): readonly [string, string] => [
    [command.name, ...command.positionals].join(' '),
    command.summary,
  ]);
  const exits = Object.entries(exitCodeHelp);
  return `onbox: compiles ONNX models on this machine and serves them

${columns(rows)}
exit codes
${columns(exits)}
ONBOX_HOME names the folder of models and keys; without it, onbox in the XDG data directory.
A picture or model named - is what is piped in.
onbox help COMMAND says what a command takes.
`;
}

function columns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}\n`).join('');
}
