// Flags that several commands share, and what they mean.

import type { Overrides } from '../../runtime/index.js';
import { Client } from '../api/client.js';
import { readConfig } from '../config/read.js';
import { keyPath, readKey } from '../http/key.js';
import { homeFolder } from '../store/home.js';
import { parseInputShapes, parsePrecision, parseTarget, parseTask } from '../store/options.js';
import type { CompileOptions } from '../store/record.js';
import { type Arguments, type Flag, type Terminal, usageError } from './command.js';
import { readLabels } from './input.js';
import { parsePlace } from './placement.js';

export const jsonFlag = { type: 'boolean', help: 'print one JSON object and nothing else' } as const satisfies Flag;
export const threadsFlag = {
  type: 'string',
  value: 'N',
  help: 'threads to run with (default: onbox chooses)',
} as const satisfies Flag;
export const modelFlag = {
  type: 'string',
  value: 'NAME',
  help: 'an installed model or an ONNX file (default: the default of the task)',
} as const satisfies Flag;
export const daemonFlags = {
  host: { type: 'string', value: 'HOST', help: 'ask the daemon at HOST:PORT, or run this on USER@BOX over ssh' },
  'key-file': { type: 'string', value: 'FILE', help: 'the key for that daemon (default: the one of this home)' },
} as const satisfies Readonly<Record<string, Flag>>;

/** For commands that only ssh takes elsewhere. */
export const boxFlags = {
  host: { type: 'string', value: 'USER@BOX', help: 'run this on that machine, over ssh' },
} as const satisfies Readonly<Record<string, Flag>>;

export const compileFlags = {
  input: {
    type: 'string',
    multiple: true,
    value: 'NAME=1x3x640x640',
    help: 'the shape of an input; given again, one more size of the picture',
  },
  cut: { type: 'string', multiple: true, value: 'VALUE', help: 'end the model at this value instead of its outputs' },
  task: { type: 'string', value: 'TASK', help: 'detect, classify, embed or other' },
  head: { type: 'string', value: 'HEAD', help: 'how the outputs are read, as yolov8' },
  labels: { type: 'string', value: 'FILE', help: 'class names, one a line' },
  exact: { type: 'boolean', help: 'no Winograd, which rounds more than the sums of the model do' },
  precision: {
    type: 'string',
    value: 'PRECISION',
    help: 'fp32, fp16, or fp16-storage: halves in memory, float32 arithmetic (default: fp32)',
  },
  target: { type: 'string', value: 'TARGET', help: 'cpu, or mali or opencl for an OpenCL device (default: cpu)' },
  place: { type: 'string', value: 'PLACE', help: 'cpu, mali, npu, auto or a FILE of regions for the NPU (default: cpu)' },
} as const satisfies Readonly<Record<string, Flag>>;

/** Threads of --threads. @throws OnboxError `usage` */
export function threadsOf(args: Arguments): number | undefined {
  return args.number('threads', { min: 1, max: 256, whole: true });
}

/** @throws OnboxError `option-invalid`, `file-missing`, `labels-invalid` */
export async function compileOptionsOf(args: Arguments): Promise<CompileOptions> {
  const inputs = args.texts('input');
  const cut = args.texts('cut');
  const task = args.text('task');
  const head = args.text('head');
  const labels = args.text('labels');
  const precision = args.text('precision');
  const target = args.text('target');
  const place = args.text('place');
  const threads = threadsOf(args);
  if (place !== undefined && place !== 'cpu' && place !== 'mali' && (precision ?? 'fp32') !== 'fp32') {
    throw usageError('--precision does not work with regions on an NPU: leave out --place');
  }
  return {
    ...parseInputShapes(inputs),
    ...(cut.length === 0 ? {} : { cut }),
    ...(task === undefined ? {} : { task: parseTask(task) }),
    ...(head === undefined ? {} : { head }),
    ...(labels === undefined ? {} : { labels: await readLabels(labels) }),
    ...(precision === undefined ? {} : { precision: parsePrecision(precision) }),
    ...(target === undefined ? {} : { target: parseTarget(target) }),
    ...(place === undefined ? {} : await parsePlace(place)),
    ...(args.has('exact') ? { exact: true } : {}),
    ...(threads === undefined ? {} : { threads }),
  };
}

/** The part of the options that describes the picture and the answer. */
export function overridesOf({ task, head, labels }: CompileOptions): Overrides {
  return {
    ...(task === undefined ? {} : { task }),
    ...(head === undefined ? {} : { head }),
    ...(labels === undefined ? {} : { labels }),
  };
}

/**
 * The daemon that --host names, else the one that `onbox serve` starts from here with its settings.
 * @throws OnboxError `usage`, `key-unusable`, `config-invalid`
 */
export async function runningDaemon(args: Arguments, terminal: Terminal): Promise<Client> {
  if (args.text('host') !== undefined) return (await daemonOf(args, terminal)) as Client;
  const { values } = await readConfig({
    home: homeFolder(terminal.environment),
    environment: terminal.environment,
    file: undefined,
    flag: () => undefined,
  });
  const host = ['0.0.0.0', '::'].includes(values['http.host']) ? '127.0.0.1' : values['http.host'];
  const scheme = values['http.tls_cert'] === '' ? 'http' : 'https';
  const url = `${scheme}://${host.includes(':') ? `[${host}]` : host}:${values['http.port']}`;
  const file = args.text('key-file') ?? (values['http.key_file'] || keyPath(homeFolder(terminal.environment)));
  return new Client({ url, key: values['http.key'] || (await readKey(file).catch(() => undefined)) });
}

/** The daemon that --host names, undefined if the command works by itself. @throws OnboxError `usage`, `key-unusable` */
export async function daemonOf(args: Arguments, terminal: Terminal): Promise<Client | undefined> {
  const text = args.text('host');
  if (text === undefined) return undefined;
  const url = /^https?:\/\//.test(text) ? text : `http://${text}`;
  if (!URL.canParse(url)) throw usageError(`--host wants an address such as 127.0.0.1:8420, got ${JSON.stringify(text)}`);
  const keyFile = args.text('key-file');
  if (keyFile !== undefined) return new Client({ url, key: await readKey(keyFile) });
  // The key of this home fits a daemon of this machine; a daemon elsewhere must not be told it.
  if (!['127.0.0.1', 'localhost', '[::1]'].includes(new URL(url).hostname)) return new Client({ url });
  const key = await readKey(keyPath(homeFolder(terminal.environment))).catch(() => undefined);
  return new Client({ url, key });
}
