// Commands on another machine, through a real ssh: arguments and files arrive as they are, sent once, also over a link that breaks.

import { execFileSync, spawn } from 'node:child_process';
import { createReadStream, existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { runCommandLine } from '../../daemon/commands/index.js';
import { tensorOf } from '../../runtime/core/tensor.js';
import { writeOnnx } from '../support/onnx-writer.js';
import { temporaryFolder } from './support/server.js';
import { type Box, hasSshd, startBox, trust } from './support/sshd.js';

let folder: string;
let box: Box;

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs a program at the desk. @param onText told of all that it has written so far */
function desk(program: string, args: readonly string[], input?: string, onText?: (text: string) => void): Promise<Ended> {
  return new Promise((done) => {
    const child = spawn(program, args, { env: box.environment, cwd: folder });
    let [out, err] = ['', ''];
    child.stdout.on('data', (text: Buffer) => {
      out += text.toString();
    });
    child.stderr.on('data', (text: Buffer) => {
      err += text.toString();
      onText?.(err);
    });
    if (input === undefined) child.stdin.end();
    else createReadStream(input).pipe(child.stdin);
    child.on('close', (code) => done({ code, out, err }));
  });
}

/** The command line at the desk, in this process. What ssh itself says goes to this process's stderr. */
async function onbox(...args: readonly string[]): Promise<Ended> {
  return await onboxTelling(() => undefined, ...args);
}

async function onboxTelling(onText: (text: string) => void, ...args: readonly string[]): Promise<Ended> {
  let [out, err] = ['', ''];
  const code = await runCommandLine(args, {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
      onText(err);
    },
    input: Readable.from([]),
    isInteractive: false,
    environment: box.environment,
    closed: new AbortController().signal,
  });
  return { code, out, err };
}

/** A model of `size` squared weights that no compression shrinks. */
function writeModel(path: string, size: number, seed: number): void {
  const weights = Array.from({ length: size * size }, (_, i) => Math.sin(i * 12.9898 + seed));
  const bytes = writeOnnx({
    inputs: [{ name: 'x', dims: [1, size] }],
    outputs: [{ name: 'y', dims: [1, size] }],
    nodes: [{ op: 'MatMul', inputs: ['x', 'w'], outputs: ['y'] }],
    initializers: { w: tensorOf('f32', [size, size], weights) },
    opset: 13,
  });
  writeFileSync(path, bytes);
}

const hostile = 'a b\'"$(touch pwned)`touch pwned`\n\\;&|*?~#!%-é.onnx';

(hasSshd ? describe : describe.skip)('over ssh (openssh-server)', () => {
  beforeAll(async () => {
    folder = await temporaryFolder();
    box = await startBox(folder);
  }, 280_000);

  afterAll(async () => {
    await box.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test('arguments arrive as they are, and the exit code and both outputs come back', async () => {
    for (const name of [hostile, '-x']) {
      const args = ['rm', '--json', '--', name];
      const [there, here] = [await onbox('rm', '--json', '--host', 'box', '--', name), await onbox(...args)];
      expect(here.out).toContain('name-invalid');
      expect(there).toEqual(here);
    }
    expect(readdirSync(folder)).not.toContain('pwned');
    expect(existsSync(join(process.env['HOME'] ?? '/root', 'pwned'))).toBe(false);
  });

  test('a model with a hostile name is sent once, with its sidecar, and compiled on the box', async () => {
    const path = join(folder, hostile);
    writeModel(path, 256, 1);
    writeFileSync(path.replace(/onnx$/, 'onbox.json'), '{"task": "embed"}');
    const { code, out, err } = await onbox('compile', path, '--name', 'far', '--host', 'box');
    expect([code, out]).toEqual([0, 'far version 1: embed\n']);
    expect(err).toMatch(
      /^compile far: job j-[0-9]+\ncompile far: import\n[\s\S]*compile far: installed version 1 in [0-9.]+ s\n$/,
    );
    const before = box.wire.sent;
    expect((await onbox('inspect', path, '--host', 'box', '--json')).code).toBe(0);
    expect(box.wire.sent - before).toBeLessThan(statSync(path).size / 2);
    expect(JSON.parse((await onbox('list', '--host', 'box', '--json')).out).models).toMatchObject([{ name: 'far' }]);
    expect(
      JSON.parse(
        (await onbox('profile', 'far', '--runs', '1', '--svg', join(folder, 'far.svg'), '--host', 'box', '--json')).out,
      ).model,
    ).toBe('far');
    expect(existsSync(join(folder, 'far.svg'))).toBe(true);
  });

  test('an upload that is cut goes on where it was', async () => {
    const path = join(folder, 'cut.onnx');
    writeModel(path, 512, 2);
    const { size } = statSync(path);
    const before = box.wire.sent;
    box.wire.cutAfter = size / 2;
    const { code, err } = await onbox('inspect', path, '--host', 'box');
    expect(err).toContain('the link to box broke; trying again');
    expect(code).toBe(0);
    expect(box.wire.sent - before).toBeLessThan(size * 1.5);
    expect(readdirSync(join(box.home, 'inbox')).filter((name) => name.endsWith('.part'))).toEqual([]);
  });

  test('a link that is cut while the box compiles is made again, and the job is followed to its end', async () => {
    writeModel(join(folder, 'dropped.onnx'), 64, 3);
    let isCut = false;
    const cutOnce = (text: string): void => {
      if (isCut || !text.includes('job j-')) return;
      isCut = true;
      box.wire.cut();
    };
    const path = join(folder, 'dropped.onnx');
    const { code, out, err } = await onboxTelling(cutOnce, 'compile', path, '--host', 'box', '--json');
    expect(err).toContain('trying again');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ name: 'dropped', version: 1 });
  });

  test('a job that was started without onbox at the desk is found and followed again', async () => {
    writeModel(join(folder, 'piped.onnx'), 32, 4);
    let job: string | undefined;
    const first = await desk('ssh', ['box', 'onbox', 'compile', '-', '--name', 'piped'], join(folder, 'piped.onnx'), (text) => {
      const found = /compile piped: job (j-[0-9]+)\n/.exec(text)?.[1];
      if (job === undefined && found !== undefined) box.wire.cut();
      job ??= found;
    });
    expect(first.code).toBe(255);
    const { code, err } = await desk('ssh', ['box', 'onbox', 'jobs', 'follow', job ?? '']);
    expect(code).toBe(0);
    expect(err).toMatch(/installed version 1 in/);
    const { jobs } = JSON.parse((await onbox('jobs', '--json', '--host', 'box')).out);
    expect(jobs.find(({ id }: { id: string }) => id === job)).toMatchObject({ state: 'done', version: 1, model: 'piped' });
  });

  test('a box whose key has changed is refused, and nothing is sent', async () => {
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, 'other')]);
    trust(box.knownHosts, box.wire.port, join(folder, 'other.pub'));
    try {
      const { code, out, err } = await onbox('list', '--host', 'box');
      expect([code, out]).toEqual([5, '']);
      expect(err).toContain('onbox: no link to box: ssh ended with 255');
    } finally {
      trust(box.knownHosts, box.wire.port, join(folder, 'host.pub'));
    }
  });

  test.each([
    [['list', '--host=-oProxyCommand=touch pwned'], 2, 'wants HOST:PORT of a daemon, or USER@BOX'],
    [['list', '--host', 'box;touch pwned'], 2, 'USER@BOX'],
    [['devices', '--host', '127.0.0.1:1'], 2, 'wants USER@BOX'],
    [['detect', 'missing.png', '--host', 'box'], 4, 'cannot read "missing.png"'],
    [['remote', 'e30'], 3, 'the request cannot be understood'],
  ])('%j ends with %i', async (args, code, message) => {
    const ended = await onbox(...args);
    expect(ended.code).toBe(code);
    expect(ended.err + ended.out).toContain(message);
    expect(readdirSync(folder)).not.toContain('pwned');
  });

  test('a box without onbox is told as such', async () => {
    rmSync(join(folder, 'bin', 'onbox'));
    const { code, err } = await onbox('list', '--host', 'box');
    expect(code).toBe(5);
    expect(err).toContain('there is no onbox on the PATH of box');
  });
});
