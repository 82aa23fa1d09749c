// The box's end of a command that came over ssh: takes the files that it lacks, runs the command with frames for a terminal, and sends back
// what it wrote.

import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Terminal } from '../commands/command.js';
import { packageVersion } from '../root.js';
import type { ModelStore } from '../store/store.js';
import { Inbox } from './inbox.js';
import { protocolVersion, type RemoteFrame, type RemoteRequest } from './protocol.js';

/** @returns the exit code of the command, which the desk is told too */
export async function serveRemote(
  request: RemoteRequest,
  store: ModelStore,
  terminal: Terminal,
  run: (args: readonly string[], terminal: Terminal) => Promise<number>,
): Promise<number> {
  const send = (frame: RemoteFrame): void => terminal.out(`${JSON.stringify(frame)}\n`);
  const inbox = new Inbox(store);
  const arrivals = [];
  for (const input of request.inputs) arrivals.push(await inbox.find(input));
  send({ onbox: packageVersion(), protocol: protocolVersion, have: arrivals.map(({ have }) => Math.max(0, have)) });
  const link = new Link(terminal.input);
  const folder = await mkdtemp(join(tmpdir(), 'onbox-remote-'));
  try {
    const paths: string[] = [];
    for (const [i, input] of request.inputs.entries()) {
      const arrival = arrivals[i] ?? { have: 0, path: '' };
      const path = await inbox.receive(input, arrival, link.take(input.bytes - Math.max(0, arrival.have)));
      const place = join(folder, `in${input.beside ?? i}`);
      await mkdir(place, { recursive: true });
      paths.push(join(place, input.name));
      await symlink(path, join(place, input.name));
    }
    const outputs = request.outputs.map((name, i) => join(folder, `${i}-${name}`));
    const words = request.arguments.map((word) => {
      if (typeof word === 'string') return word;
      return ('input' in word ? paths[word.input] : outputs[word.output]) ?? '';
    });
    const piped = request.inputs.findIndex(({ isPiped }) => isPiped === true);
    const code = await run(words, {
      ...terminal,
      out: (out) => send({ out }),
      err: (err) => send({ err }),
      get input() {
        return piped < 0 ? nothing() : createReadStream(paths[piped] ?? '');
      },
      isInteractive: request.isInteractive,
      environment: terminal.environment,
      closed: AbortSignal.any([terminal.closed, link.untilItEnds()]),
      onJob: (job) => send({ job }),
      ...(request.job === undefined ? {} : { resumes: request.job }),
    });
    for (const [output, path] of outputs.entries()) {
      const data = await readFile(path, 'base64').catch(() => undefined);
      if (data !== undefined) send({ output, data });
    }
    send({ exit: code });
    return code;
  } finally {
    link.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Stdin, first for the bytes of files, then only to notice that the desk is gone. */
class Link {
  private readonly pieces: AsyncIterator<Uint8Array>;
  private rest: Uint8Array = new Uint8Array(0);
  private readonly ended = new AbortController();

  constructor(input: AsyncIterable<Uint8Array>) {
    this.pieces = input[Symbol.asyncIterator]();
  }

  /** The next `bytes` bytes; fewer if the link ends. */
  async *take(bytes: number): AsyncGenerator<Uint8Array> {
    for (let left = bytes; left > 0; ) {
      if (this.rest.length === 0) {
        const { value, done } = await this.pieces.next();
        if (done === true) return;
        this.rest = value;
      }
      const piece = this.rest.subarray(0, left);
      this.rest = this.rest.subarray(piece.length);
      left -= piece.length;
      yield piece;
    }
  }

  untilItEnds(): AbortSignal {
    void this.pieces.next().then(
      () => this.ended.abort(),
      () => this.ended.abort(),
    );
    return this.ended.signal;
  }

  /** Lets the process end, though the desk has not closed its side. */
  close(): void {
    process.stdin.unref?.();
    process.stdin.destroy();
  }
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
