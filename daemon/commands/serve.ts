// onbox serve: the daemon in the foreground, until SIGINT or SIGTERM.

import { hostname } from 'node:os';
import { join, relative } from 'node:path';
import { embeddedModels, sampleModel, samplePicture } from '../embedded/index.js';
import { createLog } from '../log.js';
import { packageFolder, scriptPath } from '../root.js';
import { type RunningServer, startServer } from '../server.js';
import { homeFolder } from '../store/home.js';
import { type Arguments, type Command, exitCodes, type Terminal } from './command.js';
import { compileScript } from './compiler.js';
import { threadsFlag, threadsOf } from './flags.js';
import { createProgress, type Progress } from './progress.js';

const portDefault = 8420;
const modelMbDefault = 512;
/** Modules that the engine keeps open. */
const openModelsMax = 8;

export const serve: Command = {
  name: 'serve',
  summary: 'answer pictures over HTTP',
  positionals: [],
  flags: {
    host: { type: 'string', value: 'HOST', help: 'address to listen on (default 127.0.0.1); others than loopback need a key' },
    port: { type: 'string', value: 'PORT', help: `port to listen on (default ${portDefault})` },
    'key-file': { type: 'string', value: 'FILE', help: 'ask for the key in FILE, also on loopback' },
    insecure: { type: 'boolean', help: 'listen off loopback without a key' },
    'allow-host': { type: 'string', multiple: true, value: 'NAME', help: 'a name of this machine in Host headers' },
    'model-max-mb': { type: 'string', value: 'MB', help: `largest ONNX file that may be put (default ${modelMbDefault})` },
    threads: threadsFlag,
  },
  async run(args, terminal) {
    const stopSignal = nextSignal();
    const server = await start(args, terminal);
    const { host, port, keyFile } = server;
    terminal.out(`onbox serves on ${addressOf(host, port)}\n`);
    if (keyFile !== undefined) terminal.out(`clients need the key in ${keyFile}\n`);
    terminal.out(`try next:\n${nextSteps(addressOf(host, port), keyFile)}`);
    await stopSignal;
    await server.stop();
    return exitCodes.ok;
  },
};

async function start(args: Arguments, terminal: Terminal): Promise<RunningServer> {
  const threads = threadsOf(args) ?? 0;
  const bars = new Map<string, Progress>();
  const child = compileScript();
  return await startServer({
    home: homeFolder(terminal.environment),
    host: args.text('host') ?? '127.0.0.1',
    port: args.number('port', { min: 0, max: 65_535, whole: true }) ?? portDefault,
    isInsecure: args.has('insecure'),
    keyFile: args.text('key-file'),
    hosts: [hostname(), `${hostname()}.local`, ...args.texts('allow-host')],
    modelBytesMax: (args.number('model-max-mb', { min: 1, max: 100_000 }) ?? modelMbDefault) * 1024 * 1024,
    log: createLog((line) => {
      for (const bar of bars.values()) bar.clear();
      terminal.err(line);
    }),
    engineChild: {
      script: scriptPath(join(__dirname, '..', 'engine'), 'child'),
      args: [String(threads), String(openModelsMax)],
      nodeFlags: child.nodeFlags,
    },
    compileChild: child,
    embedded: embeddedModels(),
    onProgress: (model, step) => {
      const bar = bars.get(model) ?? createProgress(terminal, `compile ${model}`);
      bars.set(model, bar);
      bar.show(step);
    },
  });
}

function addressOf(host: string, port: number): string {
  const name = host === '0.0.0.0' || host === '::' ? hostname() : host;
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`;
}

/** Three commands that work as they stand, in the folder where onbox was started. */
function nextSteps(address: string, keyFile: string | undefined): string {
  const here = (path: string): string => {
    const short = relative(process.cwd(), path);
    return short.startsWith('..') ? path : short;
  };
  const onbox = `node ${here(join(packageFolder(), 'dist', 'daemon', 'main.js'))}`;
  const key = keyFile === undefined ? '' : `-H "Authorization: Bearer $(cat ${here(keyFile)})" `;
  const sample = here(samplePicture());
  return [
    `  curl ${key}-H 'Content-Type: image/png' --data-binary @${sample} '${address}/v1/detect?model=${sampleModel}'`,
    `  ${onbox} detect ${sample} --model ${sampleModel} --draw shapes.png`,
    `  ${onbox} compile MODEL.onnx --name my-model`,
  ]
    .join('\n')
    .concat('\n');
}

/** Resolves at the first SIGINT or SIGTERM. A second one finds the stop in progress and is not heeded. */
function nextSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => resolve());
  });
}
