// Every setting of `onbox serve`: its name, what it may be, what it is without being set. One table for the file, the environment, the
// flags, and what `onbox config show` prints.

import { type Limits, modelMbDefault } from '../api/limits.js';
import { deepstackDefaults } from '../deepstack/options.js';

interface Common {
  readonly help: string;
  /** The flag of `onbox serve` that sets it too. */
  readonly flag?: string;
}

type NumberSetting = Common & { readonly kind: 'number'; readonly fallback: number; readonly limits: Limits };
/** The empty text is none. */
type TextSetting = Common & { readonly kind: 'text'; readonly fallback: string; readonly isSecret?: boolean };
type ListSetting = Common & { readonly kind: 'list'; readonly fallback: readonly string[] };
type SwitchSetting = Common & { readonly kind: 'switch'; readonly fallback: boolean };

export type Setting = NumberSetting | TextSetting | ListSetting | SwitchSetting;

const number = (fallback: number, min: number, max: number, help: string, flag?: string): NumberSetting => ({
  kind: 'number',
  fallback,
  limits: { min, max, whole: true },
  help,
  ...(flag === undefined ? {} : { flag }),
});
const text = (fallback: string, help: string, flag?: string): TextSetting => ({
  kind: 'text',
  fallback,
  help,
  ...(flag === undefined ? {} : { flag }),
});

/** `SECTION.NAME`: in the file an object of objects, in the environment ONBOX_SECTION_NAME. */
export const settings = {
  'http.host': text('127.0.0.1', 'address to listen on; others than loopback need a key', 'host'),
  'http.port': number(8420, 0, 65_535, 'port to listen on; 0 takes a free one', 'port'),
  'http.insecure': { kind: 'switch', fallback: false, help: 'listen off loopback without a key', flag: 'insecure' },
  'http.key_file': text('', 'ask for the key in this file, also on loopback', 'key-file'),
  'http.key': {
    ...text('', 'ask for this key, also on loopback; the file must be readable by its owner alone'),
    isSecret: true,
  },
  'http.allow_hosts': { kind: 'list', fallback: [], help: 'names of this machine in Host headers', flag: 'allow-host' },
  'http.tls_cert': text('', 'PEM file of the certificate, with its chain: serve https', 'tls-cert'),
  'http.tls_key': text('', 'PEM file of the private key', 'tls-key'),
  'http.connections': number(1024, 16, 65_536, 'connections at once; one address gets half of them'),
  'http.headers_timeout_s': number(10, 1, 600, 'seconds for the headers of a request'),
  'http.request_timeout_s': number(900, 1, 86_400, 'seconds for a whole request, a model on a slow line included'),
  'http.answer_timeout_s': number(30, 1, 3600, 'seconds in which a client must read its answer'),
  'http.bodies_mb': number(256, 8, 65_536, 'memory of all bodies in work, in MiB'),
  'models.upload_mb': number(modelMbDefault, 1, 100_000, 'largest ONNX file that may be put, in MiB', 'model-max-mb'),
  'models.open': number(8, 1, 1000, 'models that stay loaded; the one unused longest goes first'),
  'models.memory_mb': number(0, 0, 10_000_000, "memory of all loaded models, in MiB; 0: half of the machine's"),
  'models.keep_alive_s': number(0, 0, 31_536_000, 'seconds that an unused model stays loaded; 0: until its place is needed'),
  'engine.threads': number(0, 0, 256, 'threads of the engine; 0: as many as are best', 'threads'),
  'engine.queue': number(256, 1, 100_000, 'requests of one model that may wait'),
  'engine.running': number(4, 1, 64, 'requests in the engine at once, to decode one while another runs'),
  'engine.deadline_s': number(30, 1, 3600, 'longest life of a request, waiting included, in seconds'),
  'npu.folders': { kind: 'list', fallback: [], help: 'folders of NPU plugins, absolute, which nobody else can write to' },
  'npu.options': { kind: 'list', fallback: [], help: 'options of NPU plugins, as rknn.library=/usr/lib/librknnrt.so' },
  'npu.timeout_ms': number(2000, 1, 600_000, 'longest run on an NPU before it counts as lost, in milliseconds'),
  'jobs.waiting': number(8, 0, 1000, 'compile jobs that may wait'),
  'jobs.tune_when_idle': {
    kind: 'switch',
    fallback: false,
    help: 'tune the models that are used in quiet hours',
    flag: 'tune-when-idle',
  },
  'jobs.tune_minutes_a_day': number(60, 1, 1440, 'most minutes a day of tuning in quiet hours'),
  'streams.max': number(64, 0, 10_000, 'WebSockets at once'),
  'deepstack.predictions': number(
    deepstackDefaults.predictionsMax,
    1,
    10_000,
    'most predictions of an answer; Frigate has room for 20',
  ),
  'deepstack.aliases': {
    kind: 'list',
    fallback: [...deepstackDefaults.aliases],
    help: 'names of custom models that stand for the default detector',
  },
  'kserve.server_name': text('onbox', "the server's name under /v2; some of Triton's samples want triton"),
} as const satisfies Readonly<Record<string, Setting>>;

export type SettingName = keyof typeof settings;

type ValueOf<S> = S extends NumberSetting
  ? number
  : S extends ListSetting
    ? readonly string[]
    : S extends SwitchSetting
      ? boolean
      : string;

export type Settings = { readonly [N in SettingName]: ValueOf<(typeof settings)[N]> };

export const settingNames = Object.keys(settings) as SettingName[];

export function environmentName(name: SettingName): string {
  return `ONBOX_${name.replace('.', '_').toUpperCase()}`;
}
