// The command table, and the way from a command line to an exit code.

import { errorCode, errorMessage } from '../../runtime/index.js';
import { errorBody } from '../api/errors.js';
import { isSystemError } from '../file-error.js';
import { plainText } from '../log.js';
import { packageVersion } from '../root.js';
import { bench } from './bench.js';
import { classify } from './classify.js';
import { type Command, exitCodeOf, exitCodes, parseCommandLine, type Terminal, usageError } from './command.js';
import { compile } from './compile.js';
import { config } from './config.js';
import { conformance } from './conformance.js';
import { detect } from './detect.js';
import { devices } from './devices.js';
import { doctor } from './doctor.js';
import { createHelp, overview, printCommandHelp } from './help.js';
import { inspect } from './inspect.js';
import { jobs } from './jobs.js';
import { key } from './key.js';
import { list } from './list.js';
import { logs } from './logs.js';
import { profile } from './profile.js';
import { ps } from './ps.js';
import { records } from './records.js';
import { createRemote, runThere, sshHostOf } from './remote.js';
import { rm } from './rm.js';
import { run } from './run.js';
import { serve } from './serve.js';
import { service } from './service.js';
import { track } from './track.js';
import { tune } from './tune.js';

const version: Command = {
  name: 'version',
  summary: 'the version of onbox',
  positionals: [],
  flags: {},
  async run(_args, terminal) {
    terminal.out(`${packageVersion()}\n`);
    return exitCodes.ok;
  },
};

const help = createHelp(() => commands);
const remote = createRemote((args, terminal) => runCommandLine(args, terminal));

export const commands: readonly Command[] = [
  serve,
  compile,
  detect,
  classify,
  track,
  inspect,
  run,
  list,
  ps,
  rm,
  jobs,
  bench,
  tune,
  profile,
  devices,
  conformance,
  logs,
  doctor,
  service,
  records,
  key,
  config,
  remote,
  help,
  version,
];

/** Spellings that people try. */
const aliases: Readonly<Record<string, string>> = { '--help': 'help', '-h': 'help', '--version': 'version', '-v': 'version' };

/**
 * Runs a command line such as `['detect', 'photo.jpg', '--json']`. With --json an error is one JSON object on `out` too.
 * @returns the exit code
 */
export async function runCommandLine(args: readonly string[], terminal: Terminal): Promise<number> {
  const [first, ...rest] = args;
  try {
    if (first === undefined) {
      terminal.err(overview(commands));
      return exitCodes.usage;
    }
    const name = aliases[first] ?? first;
    const command = commands.find((candidate) => candidate.name === name);
    if (command === undefined) throw usageError(`there is no command "${plainText(first)}"; see: onbox help`);
    const parsed = parseCommandLine(command, rest);
    if (parsed.has('help')) {
      printCommandHelp(command, terminal);
      return exitCodes.ok;
    }
    const box = sshHostOf(command, parsed);
    if (box !== undefined) return await runThere(box, command, parsed, terminal);
    return await command.run(parsed, terminal);
  } catch (error) {
    return reportError(error, rest.includes('--json'), terminal);
  }
}

function reportError(error: unknown, isJson: boolean, terminal: Terminal): number {
  const message = errorMessage(error);
  // Nothing is secret from whoever sits here, so the text of a system error or of our own bug is shown, which HTTP keeps back.
  const isForeign = errorCode(error) === 'internal';
  const code = isForeign && isSystemError(error) ? 'file-failed' : errorCode(error);
  if (isJson) terminal.out(`${JSON.stringify(isForeign ? { error: { code, message } } : errorBody(error))}\n`);
  terminal.err(`onbox: ${plainText(message)}\n`);
  if (code === 'internal') terminal.err(`${error instanceof Error ? error.stack : String(error)}\n`);
  return exitCodeOf(code);
}
