// The command line: wrong arguments are told, exit codes are those of the help text, and --json is one object and nothing else.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { percentile } from '../../daemon/commands/bench.js';
import { exitCodeHelp, exitCodes, type Terminal } from '../../daemon/commands/command.js';
import { commands, runCommandLine } from '../../daemon/commands/index.js';
import { createProgress } from '../../daemon/commands/progress.js';
import { writeOnnx } from '../support/onnx-writer.js';
import { startTestServer, type TestServer } from './support/server.js';

let home: string;

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'onbox-home-'));
});

afterAll(() => rmSync(home, { recursive: true }));

function softmaxModel(): Uint8Array {
  return writeOnnx({
    inputs: [{ name: 'x', dims: [1, 10] }],
    outputs: [{ name: 'y', dims: [1, 10] }],
    nodes: [{ op: 'Softmax', inputs: ['x'], outputs: ['y'] }],
    initializers: {},
    opset: 13,
  });
}

async function onbox(...args: readonly string[]) {
  return await onboxIn(home, [], ...args);
}

/** With something piped in. */
async function onboxWith(input: readonly Uint8Array[], ...args: readonly string[]) {
  return await onboxIn(home, input, ...args);
}

async function onboxIn(folder: string, input: readonly Uint8Array[], ...args: readonly string[]) {
  let out = '';
  let err = '';
  const terminal: Terminal = {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    input: Readable.from(input),
    isInteractive: false,
    closed: new AbortController().signal,
    environment: { ONBOX_HOME: folder },
  };
  const code = await runCommandLine(args, terminal);
  return { code, out, err };
}

test.each([
  [[], 'onbox: compiles'],
  [['fly'], 'there is no command "fly"'],
  [['help', 'fly'], 'there is no command "fly"'],
  [['detect'], 'IMAGE is missing'],
  [['detect', 'a.png', 'b.png'], 'unexpected argument "b.png"'],
  [['detect', 'a.png', '--modle', 'x'], "Unknown option '--modle'"],
  [['detect', 'a.png', '--model'], "'--model <value>' argument missing"],
  [['detect', 'a.png', '--json=yes'], "'--json' does not take an argument"],
  [['detect', 'a.png', '--max', '0'], '--max wants a whole number from 1 to 10000, got "0"'],
  [['detect', 'a.png', '--min-confidence', '1.5'], '--min-confidence wants a number from 0 to 1'],
  [['bench', 'm', '--runs', '1e3'], '--runs wants a whole number'],
  [['compile', 'a.onnx', '--name', '../x'], "a model's name is"],
  [['compile', 'a.onnx', '--task', 'fly'], 'a task is one of detect, classify, embed, other'],
  [['compile', 'a.onnx', '--input', 'x=1xx'], "an input's shape looks like"],
  [['rm', '..'], "a model's name is"],
  [['bench', 'm', '--head', 'yolox'], 'an installed model has its own'],
  [['compile', '-'], 'a model that is piped in needs --name NAME'],
  [['run', 'm'], '--inputs FOLDER and --outputs FOLDER are needed'],
  [['serve', '--port', '70000'], '--port wants a whole number from 0 to 65535'],
  [['serve', 'now'], 'unexpected argument "now"'],
] as const)('%j is a usage error', async (args, message) => {
  const { code, out, err } = await onbox(...args);
  expect(code).toBe(exitCodes.usage);
  expect(err).toContain(message);
  expect(out).toBe('');
});

test('a name with control characters does not reach the terminal as it is', async () => {
  expect((await onbox('\u001b[2Jfly')).err).not.toContain('\u001b');
  expect((await onbox('rm', 'a\u001b[2J')).err).not.toContain('\u001b');
  expect((await onbox('detect', 'a', '--\u001b[2J')).err).not.toContain('\u001b');
});

test.each([
  [['rm', 'absent'], exitCodes.missing],
  [['detect', join('absent', 'a.png')], exitCodes.missing],
  [['compile', join('absent', 'a.onnx')], exitCodes.missing],
  [['bench', join('absent', 'a.onnx')], exitCodes.missing],
  [['inspect', join('absent', 'a.onnx')], exitCodes.missing],
  [['list', '--host', '127.0.0.1:1'], exitCodes.unreachable],
  [['list', '--host', 'http://'], exitCodes.usage],
] as const)('%j ends with %i', async (args, expected) => {
  const { code, err } = await onbox(...args);
  expect([code, err]).toEqual([expected, expect.stringMatching(/^onbox: .+\n$/s)]);
});

test('a file that is no model is refused', async () => {
  const path = join(home, 'x.onnx');
  writeFileSync(path, 'this is no model');
  expect((await onbox('inspect', path)).code).toBe(exitCodes.refused);
});

test('a model is read from a pipe', async () => {
  const { code, out } = await onboxWith([softmaxModel()], 'inspect', '-', '--json');
  expect([code, JSON.parse(out).operators]).toEqual([0, [{ op: 'Softmax', domain: '', count: 1, isKnown: true }]]);
  expect((await onboxWith([Buffer.from('no model')], 'inspect', '-')).code).toBe(exitCodes.refused);
});

test.each([['compile', '--name', 'm'], ['inspect'], ['detect'], ['classify']])(
  '%s refuses an empty pipe',
  async (verb, ...flags) => {
    const { code, err } = await onbox(verb, '-', ...flags);
    expect([code, err]).toEqual([exitCodes.refused, expect.stringContaining('is empty')]);
  },
);

test('what the operating system refuses is one line, not a stack', async () => {
  const file = join(home, 'a-file');
  writeFileSync(file, '');
  const { code, out, err } = await onboxIn(join(file, 'home'), [softmaxModel()], 'compile', '-', '--name', 'm', '--json');
  expect([code, err]).toEqual([exitCodes.failure, expect.stringMatching(/^onbox: ENOTDIR.+\n$/)]);
  expect(JSON.parse(out)).toEqual({ error: { code: 'file-failed', message: expect.stringContaining('ENOTDIR') } });
});

test('with --json an error is one object on stdout', async () => {
  const { code, out } = await onbox('rm', 'absent', '--json');
  expect(code).toBe(exitCodes.missing);
  expect(JSON.parse(out)).toEqual({ error: { code: 'model-missing', message: 'there is no model "absent"' } });
});

test('help names every command and every exit code', async () => {
  const { code, out } = await onbox('help');
  expect(code).toBe(0);
  for (const { name } of commands) expect(out).toContain(`\n  ${name}`);
  for (const exit of Object.keys(exitCodeHelp)) expect(out).toContain(`\n  ${exit} `);
  expect(Object.values(exitCodes).map(String)).toEqual(Object.keys(exitCodeHelp));
});

test.each(commands.map(({ name }) => name))('onbox %s --help names its flags', async (name) => {
  const { code, out } = await onbox(name, '--help');
  expect(code).toBe(0);
  const command = commands.find((candidate) => candidate.name === name);
  for (const flag of Object.keys(command?.flags ?? {})) expect(out).toContain(`--${flag}`);
});

test('version is that of package.json', async () => {
  expect((await onbox('version')).out).toMatch(/^[0-9]+\.[0-9]+\.[0-9]+\n$/);
  expect((await onbox('--version')).out).toBe((await onbox('version')).out);
});

test('an empty home is listed as such', async () => {
  expect(JSON.parse((await onbox('list', '--json')).out)).toEqual({ models: [], damaged: [] });
});

test('a log gets one line a stage, a terminal one line that is rewritten', () => {
  const steps = [
    { stage: 'import' },
    { stage: 'kernels', completed: 1, total: 2 },
    { stage: 'kernels', completed: 2, total: 2 },
  ];
  const texts = [false, true].map((isInteractive) => {
    let err = '';
    const progress = createProgress({ err: (text) => (err += text), isInteractive }, 'm');
    for (const step of steps) progress.show(step);
    progress.done('done');
    return err;
  });
  expect(texts[0]).toBe('m: import\nm: kernels\nm: done\n');
  expect(texts[1]?.split('\r\u001b[K')).toEqual(['', 'm: import', 'm: kernels 1/2', 'm: kernels 2/2', 'm: done\n']);
});

test('a percentile is a measured time', () => {
  expect([0.5, 0.9, 1].map((share) => percentile([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], share))).toEqual([5, 9, 10]);
  expect(percentile([7], 0.9)).toBe(7);
});

describe('with a daemon', () => {
  let server: TestServer;
  let host: string;

  beforeAll(async () => {
    server = await startTestServer();
    host = `127.0.0.1:${server.port}`;
  });

  afterAll(() => server.stop());

  test('compile, list, detect, classify and rm ask it', async () => {
    const model = join(home, 'finder.onnx');
    const picture = join(home, 'picture.png');
    writeFileSync(model, 'good detect');
    writeFileSync(picture, 'box');
    expect((await onbox('compile', model, '--host', host)).out).toBe('finder version 1: detect, head yolov8\n');
    expect((await onbox('list', '--host', host)).out).toBe('finder version 1: detect (default)\n');
    const { out } = await onbox('detect', picture, '--model', 'finder', '--json', '--host', host);
    expect(JSON.parse(out)).toMatchObject({ model: 'finder', objects: [{ box: [1, 2, 3, 4] }] });
    expect(await onbox('classify', picture, '--host', host)).toMatchObject({ code: exitCodes.missing });
    expect((await onbox('rm', 'finder', '--host', host)).out).toBe('removed finder\n');
  });

  test('a model that is piped in reaches it', async () => {
    const input = [Buffer.from('good '), Buffer.from('classify')];
    const { out } = await onboxWith(input, 'compile', '-', '--name', 'piped', '--host', host);
    expect(out).toBe('piped version 1: classify, head yolov8\n');
    await onbox('rm', 'piped', '--host', host);
  });
});
