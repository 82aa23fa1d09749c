// What a verb of the command line is, and how its arguments are read.

import { type ParseArgsConfig, parseArgs } from 'node:util';
import { errorMessage, OnboxError } from '../../runtime/index.js';
import { statusOf } from '../api/errors.js';
import { type Limits, parseNumber, printLimits } from '../api/limits.js';
import { printFact } from '../log.js';

/** Where a command writes. `out` is for answers, `err` for what a person follows. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  /** What is piped in. */
  readonly input: AsyncIterable<Uint8Array>;
  /** True if a person sees `err` as it is written. */
  readonly isInteractive: boolean;
  readonly environment: NodeJS.ProcessEnv;
  /** Aborts when nobody reads any more; a command that would write for ever ends then. */
  readonly closed: AbortSignal;
  /** Told of the job that a command started or found. */
  onJob?(id: string): void;
  /** The job of the same command before its link broke. */
  readonly resumes?: string;
}

export interface Flag {
  readonly type: 'string' | 'boolean';
  readonly multiple?: boolean;
  /** What stands for the value in the help text, as `N`. */
  readonly value?: string;
  readonly help: string;
}

export interface CommandFiles {
  /** A positional by its index, or a flag; `isName` where it may be an installed model as well. */
  readonly inputs: readonly { readonly at: number | string; readonly isName?: boolean }[];
  /** Flags that name files to write. */
  readonly outputs?: readonly string[];
}

export interface Command {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** Names of the arguments; those in brackets may be left out. */
  readonly positionals: readonly string[];
  readonly flags: Readonly<Record<string, Flag>>;
  /** Which arguments are files, so that they travel where the command runs on another machine. */
  readonly files?: CommandFiles;
  /** @returns the exit code */
  run(args: Arguments, terminal: Terminal): Promise<number>;
}

/** Exit codes, with the error codes that lead to them; every other error is 1. */
export const exitCodes = {
  ok: 0,
  failure: 1,
  usage: 2,
  refused: 3,
  missing: 4,
  unreachable: 5,
} as const;

export const exitCodeHelp: Readonly<Record<number, string>> = {
  0: 'done',
  1: 'failed',
  2: 'the command line is wrong',
  3: 'the model or picture is refused: damaged, unsupported, or too large',
  4: 'there is no such model or file',
  5: 'the daemon or the box cannot be reached',
};

/** The exit code of an error's code. */
export function exitCodeOf(code: string): number {
  if (code === 'usage' || code === 'option-invalid' || code === 'name-invalid') return exitCodes.usage;
  if (code === 'model-missing' || code === 'file-missing') return exitCodes.missing;
  if (code === 'daemon-unreachable' || code === 'ssh-failed') return exitCodes.unreachable;
  // A file that cannot be written, as --draw names one, or of the owner's configuration: nothing that the daemon's table knows.
  if (code === 'file-failed' || code === 'tls-unusable' || code.startsWith('config-')) return exitCodes.failure;
  // What the world got wrong in a model, picture or tensor answers with one of these over HTTP.
  return [400, 413, 415, 422].includes(statusOf(code)) && !code.startsWith('key-') ? exitCodes.refused : exitCodes.failure;
}

/** Parsed arguments, with readers that name the flag when its value is wrong. */
export class Arguments {
  readonly positionals: readonly string[];
  private readonly values: Readonly<Record<string, unknown>>;

  constructor(positionals: readonly string[], values: Readonly<Record<string, unknown>>) {
    this.positionals = positionals;
    this.values = values;
  }

  /** A required argument; parseCommandLine has checked that it is there. */
  positional(index: number): string {
    const value = this.positionals[index];
    if (value === undefined) throw new Error(`onbox bug: argument ${index} was not checked`);
    return value;
  }

  has(flag: string): boolean {
    return this.values[flag] === true;
  }

  text(flag: string): string | undefined {
    const value = this.values[flag];
    return typeof value === 'string' ? value : undefined;
  }

  texts(flag: string): readonly string[] {
    const value = this.values[flag];
    return Array.isArray(value) ? value.map(String) : [];
  }

  /** A flag of any kind; undefined if it is not given. */
  given(flag: string): string | boolean | readonly string[] | undefined {
    if (this.has(flag)) return true;
    const texts = this.texts(flag);
    return texts.length > 0 ? texts : this.text(flag);
  }

  /** @throws OnboxError `usage` */
  number(flag: string, limits: Limits): number | undefined {
    const text = this.text(flag);
    if (text === undefined) return undefined;
    const value = parseNumber(text, limits);
    if (value === undefined) throw usageError(`--${flag} wants ${printLimits(limits)}, got ${printFact(text)}`);
    return value;
  }
}

export function usageError(message: string, cause?: unknown): OnboxError {
  return new OnboxError(message, { code: 'usage', cause });
}

/** @throws OnboxError `usage` naming the flag or argument that is unknown, missing or too many */
export function parseCommandLine(command: Command, args: readonly string[]): Arguments {
  const options: NonNullable<ParseArgsConfig['options']> = { help: { type: 'boolean', short: 'h' } };
  for (const [name, flag] of Object.entries(command.flags))
    options[name] = { type: flag.type, multiple: flag.multiple ?? false };
  let parsed: { positionals: string[]; values: Record<string, unknown> };
  try {
    parsed = parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (cause) {
    // The first sentence of node's message names the flag; the rest is advice about "--".
    throw usageError(`${command.name}: ${errorMessage(cause).split('. ', 1)[0]}`, cause);
  }
  if (parsed.values['help'] !== true) checkPositionals(command, parsed.positionals);
  return new Arguments(parsed.positionals, parsed.values);
}

function checkPositionals(command: Command, given: readonly string[]): void {
  const required = command.positionals.filter((name) => !name.startsWith('['));
  if (given.length < required.length) {
    throw usageError(`${command.name}: ${required[given.length]} is missing`);
  }
  const extra = given[command.positionals.length];
  if (extra !== undefined) throw usageError(`${command.name}: unexpected argument ${printFact(extra)}`);
}
