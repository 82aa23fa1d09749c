// onbox serve: the daemon in the foreground, until SIGINT or SIGTERM.

import { hostname } from 'node:os';
import { join, relative } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { errorCode, errorMessage } from '../../runtime/index.js';
import { activatedSocket } from '../activation.js';
import { type Setting, type Settings, settingNames, settings } from '../config/settings.js';
import { deepstackDefaults } from '../deepstack/options.js';
import { embeddedModels, sampleModel, samplePicture } from '../embedded/index.js';
import { idleDefaults } from '../jobs/idle.js';
import { createLog } from '../log.js';
import { openLogFile } from '../log-file.js';
import { createNotifier, type Notifier } from '../notify.js';
import { packageFolder, scriptPath } from '../root.js';
import { type RunningServer, startServer } from '../server.js';
import { homeFolder } from '../store/home.js';
import { watch } from '../watchdog.js';
import { type Arguments, type Command, exitCodes, type Flag, type Terminal } from './command.js';
import { compileScript } from './compiler.js';
import { configFlag, configOf } from './config.js';
import { createProgress, type Progress } from './progress.js';

const mebi = 1024 * 1024;
/** What stands for the values of the flags in the help text. */
const flagValues: Readonly<Record<string, string>> = {
  host: 'HOST',
  port: 'PORT',
  'key-file': 'FILE',
  'tls-cert': 'FILE',
  'tls-key': 'FILE',
  'allow-host': 'NAME',
  'model-max-mb': 'MB',
};

export const serve: Command = {
  name: 'serve',
  summary: 'answer pictures over HTTP',
  positionals: [],
  flags: {
    ...settingFlags(),
    config: configFlag,
  },
  async run(args, terminal) {
    const stopSignal = nextSignal();
    const { values } = await configOf(args, terminal);
    const log = createLog((line) => terminal.err(line));
    const notifier = createNotifier(terminal.environment, log);
    const server = await start(values, terminal, notifier);
    const { host, port, keyFile } = server;
    const address = addressOf(host, port, values['http.tls_cert'] !== '');
    reloadOnHangup(args, terminal, server);
    terminal.out(`onbox serves on ${address}\n`);
    if (keyFile !== undefined) terminal.out(`clients need the key in ${keyFile}\n`);
    terminal.out(`try next:\n${nextSteps(address, keyFile)}`);
    const { tell, watchdogMs } = notifier;
    tell('READY=1');
    const endWatch = watchdogMs === undefined ? undefined : watch(server.watched, watchdogMs, () => tell('WATCHDOG=1'), log);
    await stopSignal;
    endWatch?.();
    tell('STOPPING=1');
    await server.stop();
    notifier.close();
    return exitCodes.ok;
  },
};

/** The flags of the settings that have one. */
function settingFlags(): Readonly<Record<string, Flag>> {
  const flags: Record<string, Flag> = {};
  for (const name of settingNames) {
    const setting: Setting = settings[name];
    const { flag, kind, help, fallback } = setting;
    if (flag === undefined) continue;
    const told = kind === 'number' || (kind === 'text' && fallback !== '') ? `${help} (default ${fallback})` : help;
    if (kind === 'switch') flags[flag] = { type: 'boolean', help };
    else
      flags[flag] = {
        type: 'string',
        value: flagValues[flag] ?? 'N',
        help: told,
        ...(kind === 'list' ? { multiple: true } : {}),
      };
  }
  return flags;
}

/** What systemd waits for the next step of a compile at the first start, in microseconds. */
const compilePatienceUs = 900_000_000;

async function start(values: Settings, terminal: Terminal, notifier: Notifier): Promise<RunningServer> {
  // The children that open plugins find them by the environment; what is set there already came from it.
  process.env['ONBOX_NPU_FOLDERS'] = values['npu.folders'].join(',');
  process.env['ONBOX_NPU_OPTIONS'] = values['npu.options'].join(',');
  process.env['ONBOX_NPU_TIMEOUT_MS'] = String(values['npu.timeout_ms']);
  // As in the engine: a helper of the collector would wait for a core that inference has.
  setFlagsFromString('--no-parallel-scavenge');
  const bars = new Map<string, Progress>();
  const child = compileScript();
  const keep = openLogFile(homeFolder(terminal.environment));
  const log = createLog((line) => {
    for (const bar of bars.values()) bar.clear();
    terminal.err(line);
    keep(line);
  });
  return await startServer({
    ...serverOptions(values),
    ...activatedSocket(terminal.environment),
    home: homeFolder(terminal.environment),
    log,
    engineChild: {
      script: scriptPath(join(__dirname, '..', 'engine'), 'child'),
      args: (['engine.threads', 'models.open', 'models.memory_mb', 'models.keep_alive_s'] as const).map(
        (name) => `${values[name]}`,
      ),
      nodeFlags: child.nodeFlags,
    },
    compileChild: child,
    embedded: embeddedModels(),
    onProgress: (model, step) => {
      const bar = bars.get(model) ?? createProgress(terminal, `compile ${model}`);
      bars.set(model, bar);
      bar.show(step);
      notifier.tell(`EXTEND_TIMEOUT_USEC=${compilePatienceUs}`);
    },
  });
}

/** What the settings mean to the server; an empty text is none. */
function serverOptions(values: Settings) {
  const text = (name: 'http.key_file' | 'http.key'): string | undefined => values[name] || undefined;
  const [cert, key] = [values['http.tls_cert'], values['http.tls_key']];
  return {
    host: values['http.host'],
    port: values['http.port'],
    isInsecure: values['http.insecure'],
    keyFile: text('http.key_file'),
    key: text('http.key'),
    hosts: [hostname(), `${hostname()}.local`, ...values['http.allow_hosts']],
    tls: cert === '' && key === '' ? undefined : { cert, key },
    modelBytesMax: values['models.upload_mb'] * mebi,
    limits: {
      bodyBytesMax: values['http.bodies_mb'] * mebi,
      connectionsMax: values['http.connections'],
      headersTimeoutMs: values['http.headers_timeout_s'] * 1000,
      requestTimeoutMs: values['http.request_timeout_s'] * 1000,
      answerTimeoutMs: values['http.answer_timeout_s'] * 1000,
      queueMax: values['engine.queue'],
      runningMax: values['engine.running'],
      deadlineMs: values['engine.deadline_s'] * 1000,
      jobsWaitingMax: values['jobs.waiting'],
      streamsMax: values['streams.max'],
    },
    deepstack: {
      ...deepstackDefaults,
      predictionsMax: values['deepstack.predictions'],
      aliases: new Set(values['deepstack.aliases'].map((alias) => alias.toLowerCase())),
    },
    kserveName: values['kserve.server_name'],
    idleTuning: values['jobs.tune_when_idle']
      ? { ...idleDefaults, minutesPerDay: values['jobs.tune_minutes_a_day'] }
      : undefined,
  };
}

/** SIGHUP checks the configuration, and takes a renewed certificate; everything else waits for a restart. */
function reloadOnHangup(args: Arguments, terminal: Terminal, server: RunningServer): void {
  const log = createLog((line) => terminal.err(line));
  process.on('SIGHUP', () => {
    configOf(args, terminal).then(
      () => server.reload(),
      (error: unknown) => log('config-refused', { code: errorCode(error), reason: errorMessage(error) }),
    );
  });
}

function addressOf(host: string, port: number, isTls: boolean): string {
  const name = host === '0.0.0.0' || host === '::' ? hostname() : host;
  return `http${isTls ? 's' : ''}://${name.includes(':') ? `[${name}]` : name}:${port}`;
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
