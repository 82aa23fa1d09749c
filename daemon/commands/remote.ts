// Commands for another machine: `--host USER@BOX` has the owner's ssh run the same command there, and `onbox remote` is what it starts.

import { access, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { errorCode, errorMessage, OnboxError, sidecarPath } from '../../runtime/index.js';
import { modelMbDefault } from '../api/limits.js';
import { plainText, printFact } from '../log.js';
import { serveRemote } from '../remote/box.js';
import { runErrand } from '../remote/desk.js';
import { measureFile } from '../remote/inbox.js';
import { parseRequest, protocolVersion, type RemoteArgument, type RemoteInput } from '../remote/protocol.js';
import { saveStream } from '../store/save.js';
import { type Arguments, type Command, exitCodeOf, type Terminal, usageError } from './command.js';
import { boxFlags, daemonFlags } from './flags.js';
import { piped } from './input.js';
import { isFile, openStore } from './target.js';

/**
 * The ssh destination that --host names: an alias, `user@box`, `ssh://user@box:port`.
 * @returns undefined where there is none, or where it is the HTTP address of a daemon: with a port, or with http://
 * @throws OnboxError `usage` for what is neither
 */
export function sshHostOf(command: Command, args: Arguments): string | undefined {
  const host = args.text('host');
  // `serve` has a --host too: the address that it listens on.
  const flag = command.flags['host'];
  const isBoxOnly = flag === boxFlags.host;
  if (host === undefined || !(isBoxOnly || flag === daemonFlags.host)) return undefined;
  if (/^https?:\/\//.test(host) || /^(\[[^\]]*\]|[^:@/]+):[0-9]{1,5}$/.test(host)) {
    if (isBoxOnly) throw usageError(`${command.name}: --host wants USER@BOX, got ${printFact(host)}`);
    return undefined;
  }
  // ssh would take what begins with a dash for an option, and %, quotes and spaces mean things in its configuration.
  if (/^(ssh:\/\/)?[A-Za-z0-9_][A-Za-z0-9_.@:[\]-]*$/.test(host)) return host;
  throw usageError(`--host wants HOST:PORT of a daemon, or USER@BOX for ssh, got ${printFact(host)}`);
}

/**
 * Runs a command on a box, with the files that it names.
 * @returns its exit code
 * @throws OnboxError `usage` if the command cannot be run elsewhere, `file-missing`, `ssh-failed`
 */
export async function runThere(host: string, command: Command, args: Arguments, terminal: Terminal): Promise<number> {
  const parcel = await Parcel.open();
  try {
    const words: RemoteArgument[] = [command.name];
    for (const [name, flag] of Object.entries(command.flags)) {
      if (name === 'host' || name === 'key-file') continue;
      const output = command.files?.outputs?.includes(name) === true;
      const input = command.files?.inputs.find(({ at }) => at === name);
      const given = args.given(name);
      if (given === undefined) continue;
      if (flag.type === 'boolean') words.push(`--${name}`);
      else if (output) words.push(`--${name}`, parcel.output(String(given)));
      else if (input !== undefined) words.push(`--${name}`, await parcel.input(String(given), input.isName === true, terminal));
      else for (const value of [given].flat()) words.push(`--${name}=${String(value)}`);
    }
    words.push('--');
    for (const [at, text] of args.positionals.entries()) {
      const input = command.files?.inputs.find((one) => one.at === at);
      words.push(input === undefined ? text : await parcel.input(text, input.isName === true, terminal));
    }
    const { inputs, outputs } = parcel;
    const request = {
      protocol: protocolVersion,
      arguments: words,
      inputs: inputs.map(({ facts }) => facts),
      outputs: outputs.map((path) => basename(path)),
      isInteractive: terminal.isInteractive,
    };
    return await runErrand({ host, request, inputs: inputs.map(({ path }) => path), outputs }, terminal);
  } finally {
    await parcel.close();
  }
}

/** The files of one command. */
class Parcel {
  readonly inputs: { readonly path: string; readonly facts: RemoteInput }[] = [];
  readonly outputs: string[] = [];
  private readonly folder: string;

  static async open(): Promise<Parcel> {
    return new Parcel(await mkdtemp(join(tmpdir(), 'onbox-parcel-')));
  }

  private constructor(folder: string) {
    this.folder = folder;
  }

  output(path: string): RemoteArgument {
    this.outputs.push(path);
    return { output: this.outputs.length - 1 };
  }

  /** @param isName the text may be the name of an installed model as well */
  async input(text: string, isName: boolean, terminal: Terminal): Promise<RemoteArgument> {
    if (text === piped) {
      const path = join(this.folder, 'piped');
      await saveStream(terminal.input, path, modelMbDefault * 1024 * 1024);
      await this.add(path, { isPiped: true });
      return piped;
    }
    if (isName && !(await isFile(text))) return text;
    const input = this.inputs.length;
    await this.add(text, {});
    const sidecar = sidecarPath(text);
    if (/\.onnx$/i.test(text) && (await exists(sidecar))) await this.add(sidecar, { beside: input });
    return { input };
  }

  async close(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }

  private async add(path: string, more: Partial<RemoteInput>): Promise<void> {
    const measured = await measureFile(path).catch((cause: unknown) => {
      throw new OnboxError(`cannot read "${path}": ${errorMessage(cause)}`, { code: 'file-missing', cause });
    });
    this.inputs.push({ path, facts: { ...measured, name: basename(path), ...more } });
  }
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}

/** @param run the way of a command line to its exit code */
export function createRemote(run: (args: readonly string[], terminal: Terminal) => Promise<number>): Command {
  return {
    name: 'remote',
    summary: 'the box\'s end of "--host USER@BOX"; ssh starts it',
    positionals: ['REQUEST'],
    flags: {},
    async run(args, terminal) {
      const request = parseRequest(args.positional(0));
      const store = openStore(terminal);
      await store.prepare();
      try {
        return await serveRemote(request, store, terminal, run);
      } catch (error) {
        const exit = exitCodeOf(errorCode(error));
        for (const frame of [{ err: `onbox: ${plainText(errorMessage(error))}\n` }, { exit }]) {
          terminal.out(`${JSON.stringify(frame)}\n`);
        }
        return exit;
      }
    },
  };
}
