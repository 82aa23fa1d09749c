// Reads what Linux tells of the CPU in /proc and /sys. Facts only; what follows from them is in cpu.ts.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One processor as Linux counts them; the two of a hyper-threaded core are two. */
export interface Processor {
  readonly index: number;
  /** MIDR part as in `0xd08`, with implementer `0x41` for Arm's own; empty on x86. */
  readonly implementer: string;
  readonly part: string;
  /** Relative speed, 1024 for the fastest kind; 0 if Linux does not tell. */
  readonly capacity: number;
  readonly megahertzMax: number;
  /** Text that is the same for the processors of one core; empty if Linux does not tell. */
  readonly core: string;
}

export interface CacheBytes {
  /** Data caches; 0 where Linux tells of none. */
  readonly l1: number;
  readonly l2: number;
  readonly l3: number;
}

export interface CpuFacts {
  /** `model name` of x86, the board's or chip's name on Arm where it is told. */
  readonly name: string;
  /** `flags` of x86, `Features` of Arm. */
  readonly features: ReadonlySet<string>;
  readonly processors: readonly Processor[];
  cachesOf(processor: number): CacheBytes;
}

/** Reads the facts below `root`, which is another folder than / in tests. Missing files are missing facts, never an error. */
export function probeCpu(root: string): CpuFacts {
  const system = join(root, 'sys/devices/system/cpu');
  const blocks = readText(join(root, 'proc/cpuinfo'))
    .split(/\n\s*\n/)
    .map(parseBlock);
  const processors = blocks.filter((block) => block.has('processor')).map((block) => readProcessor(system, block));
  const anywhere = (key: string) => blocks.map((block) => block.get(key)).find((value) => value !== undefined);
  return {
    name: anywhere('model name') ?? readBoard(root) ?? anywhere('Hardware') ?? 'unknown CPU',
    features: new Set((anywhere('flags') ?? anywhere('Features') ?? '').split(' ')),
    processors,
    cachesOf: (processor) => readCaches(join(system, `cpu${processor}`, 'cache')),
  };
}

/** The device tree's text ends in NUL. */
function readBoard(root: string): string | undefined {
  return readText(join(root, 'proc/device-tree/model')).replaceAll('\0', '').trim() || undefined;
}

function parseBlock(text: string): Map<string, string> {
  const lines = text.split('\n').map((line) => /^([^:]+?)\s*:\s*(.*?)\s*$/.exec(line));
  return new Map(lines.flatMap((match) => (match ? [[match[1] ?? '', match[2] ?? '']] : [])));
}

function readProcessor(system: string, block: ReadonlyMap<string, string>): Processor {
  const index = Number(block.get('processor'));
  const folder = join(system, `cpu${index}`);
  return {
    index,
    implementer: block.get('CPU implementer') ?? '',
    part: block.get('CPU part') ?? '',
    capacity: readNumber(join(folder, 'cpu_capacity')),
    megahertzMax: Math.round(readNumber(join(folder, 'cpufreq/cpuinfo_max_freq')) / 1000),
    core: readText(join(folder, 'topology/thread_siblings_list')).trim(),
  };
}

function readCaches(folder: string): CacheBytes {
  const bytes = [0, 0, 0, 0];
  for (const name of listFolder(folder).filter((entry) => /^index\d+$/.test(entry))) {
    const level = readNumber(join(folder, name, 'level'));
    const type = readText(join(folder, name, 'type')).trim();
    if (type !== 'Instruction' && level < bytes.length) bytes[level] = parseSize(readText(join(folder, name, 'size')));
  }
  return { l1: bytes[1] ?? 0, l2: bytes[2] ?? 0, l3: bytes[3] ?? 0 };
}

/** For example `512K`. */
function parseSize(text: string): number {
  const match = /^(\d+)([KMG]?)/.exec(text.trim());
  const unit = { K: 1 << 10, M: 1 << 20, G: 1 << 30 }[match?.[2] ?? ''] ?? 1;
  return Number(match?.[1] ?? 0) * unit;
}

function readNumber(path: string): number {
  const value = Number(readText(path).trim());
  return Number.isFinite(value) ? value : 0;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function listFolder(path: string): string[] {
  try {
    return readdirSync(path).sort();
  } catch {
    return [];
  }
}
