// The CPU as the compiler sees it: vector width, registers, caches, kinds of cores, and the flags of gcc that fit them all.
// The kernel's HWCAP decides on Arm: it holds only what every core of the machine can do.

import { createHash } from 'node:crypto';
import { OnboxError } from '../core/error.js';
import { type CacheBytes, type CpuFacts, type Processor, probeCpu } from './cpu-probe.js';
import { readHwcap } from './native.js';

export type Isa = 'avx512' | 'avx2' | 'sse2' | 'neon';

/** Cores that are alike. */
export interface CoreKind {
  /** `cortex-a72`, or `part 0xd99`; the CPU's name on x86. */
  readonly name: string;
  /** Logical processors. */
  readonly count: number;
  /** Their numbers in Linux. */
  readonly processors: readonly number[];
  /** Relative speed, 1024 for the fastest kind. */
  readonly capacity: number;
}

export interface CpuDevice {
  readonly arch: 'x64' | 'arm64';
  readonly name: string;
  readonly isa: Isa;
  /** Of one vector register. */
  readonly vectorBytes: number;
  readonly vectorRegisters: number;
  /** Fused multiply-adds of whole vectors that a core of the fastest kind starts in a cycle. */
  readonly fmaPerCycle: number;
  /** Arithmetic on f16 vectors, and u8/i8 dot products: only what `flags` switch on. */
  readonly hasFp16Arithmetic: boolean;
  readonly hasDotProduct: boolean;
  readonly cores: {
    /** Cores; the two processors of a hyper-threaded core count once. */
    readonly count: number;
    /** Fastest first. */
    readonly kinds: readonly CoreKind[];
  };
  /** Data caches that a core of the fastest kind sees; l3Bytes is 0 where there is none. */
  readonly l1Bytes: number;
  readonly l2Bytes: number;
  readonly l3Bytes: number;
  /** For gcc and clang. Code made with them runs on every core of this machine. */
  readonly flags: readonly string[];
  /** Changes when code or schedules made here may no longer fit. */
  readonly fingerprint: string;
}

/** Where the facts come from; tests fake them. */
export interface CpuSource {
  /** The folder that has proc/ and sys/. */
  readonly root: string;
  readonly arch: string;
  readonly hwcap: () => { readonly hwcap: number; readonly hwcap2: number };
  /** ONBOX_ISA: narrower vectors than the CPU has, to test their code. */
  readonly isa: string | undefined;
}

interface CodeTraits {
  readonly isa: Isa;
  readonly fmaPerCycle: number;
  readonly hasFp16Arithmetic: boolean;
  readonly hasDotProduct: boolean;
  readonly flags: readonly string[];
}

interface PartTraits {
  readonly name: string;
  readonly fmaPerCycle: number;
  readonly caches: CacheBytes;
  /** Orders the kinds where Linux tells no capacity. */
  readonly rank: number;
}

const vectorShapes: Readonly<Record<Isa, { readonly bytes: number; readonly registers: number }>> = {
  avx512: { bytes: 64, registers: 32 },
  avx2: { bytes: 32, registers: 16 },
  sse2: { bytes: 16, registers: 16 },
  neon: { bytes: 16, registers: 32 },
};

const kib = 1024;

/** Arm's own parts by MIDR (implementer 0x41). Caches are the usual ones, for kernels that do not tell. */
const armParts: Readonly<Record<string, PartTraits>> = {
  '0xd03': { name: 'cortex-a53', fmaPerCycle: 1, rank: 1, caches: { l1: 32 * kib, l2: 512 * kib, l3: 0 } },
  '0xd05': { name: 'cortex-a55', fmaPerCycle: 1, rank: 2, caches: { l1: 32 * kib, l2: 128 * kib, l3: 0 } },
  '0xd07': { name: 'cortex-a57', fmaPerCycle: 1, rank: 3, caches: { l1: 32 * kib, l2: 1024 * kib, l3: 0 } },
  '0xd08': { name: 'cortex-a72', fmaPerCycle: 1, rank: 4, caches: { l1: 32 * kib, l2: 1024 * kib, l3: 0 } },
  '0xd09': { name: 'cortex-a73', fmaPerCycle: 1, rank: 5, caches: { l1: 32 * kib, l2: 1024 * kib, l3: 0 } },
  '0xd0a': { name: 'cortex-a75', fmaPerCycle: 1, rank: 6, caches: { l1: 64 * kib, l2: 256 * kib, l3: 0 } },
  '0xd0b': { name: 'cortex-a76', fmaPerCycle: 2, rank: 7, caches: { l1: 64 * kib, l2: 512 * kib, l3: 0 } },
  '0xd0c': { name: 'neoverse-n1', fmaPerCycle: 2, rank: 8, caches: { l1: 64 * kib, l2: 1024 * kib, l3: 0 } },
};
/** Also what a virtual x86 machine that hides its caches is taken for. */
const unknownPart: PartTraits = { name: '', fmaPerCycle: 1, rank: 0, caches: { l1: 32 * kib, l2: 512 * kib, l3: 0 } };

/**
 * Describes the CPU of this machine, or the one that `source` fakes.
 * @throws OnboxError `cpu-unsupported` on another architecture, `isa-unavailable` if ONBOX_ISA names what the CPU lacks,
 * `addon-missing` on Arm without the addon
 */
export function describeCpu(source: Partial<CpuSource> = {}): CpuDevice {
  const { root = '/', arch = process.arch, hwcap = readHwcap, isa = process.env['ONBOX_ISA'] } = source;
  if (arch !== 'x64' && arch !== 'arm64') {
    throw new OnboxError(`onbox compiles for x64 and arm64, this machine is ${arch}`, { code: 'cpu-unsupported' });
  }
  const facts = probeCpu(root);
  const kinds = listKinds(facts);
  const fastest = facts.processors.find((processor) => processor.index === kinds[0]?.processors[0]);
  const part = partOf(fastest);
  const code = arch === 'x64' ? chooseX64(facts.features, isa) : chooseArm64(hwcap(), part, isa);
  const told = facts.cachesOf(fastest?.index ?? 0);
  const caches = { l1: told.l1 || part.caches.l1, l2: told.l2 || part.caches.l2, l3: told.l3 };
  const shape = vectorShapes[code.isa];
  return {
    arch,
    name: facts.name,
    ...code,
    vectorBytes: shape.bytes,
    vectorRegisters: shape.registers,
    cores: { count: countCores(facts.processors), kinds },
    l1Bytes: caches.l1,
    l2Bytes: caches.l2,
    l3Bytes: caches.l3,
    fingerprint: fingerprint(arch, code, [facts.name, ...kinds.map((kind) => kind.name)], caches),
  };
}

/** The processors of the fastest kinds that are enough for so many threads, by number; undefined where that is all of them. */
export function fastestProcessors({ cores: { kinds } }: CpuDevice, threads: number): readonly number[] | undefined {
  const chosen: number[] = [];
  for (const [i, { processors }] of kinds.entries()) {
    chosen.push(...processors);
    if (chosen.length >= threads) return i === kinds.length - 1 ? undefined : chosen;
  }
  return undefined;
}

/** Neither counts nor clocks: a container with fewer cores runs the same code. */
function fingerprint(arch: string, code: CodeTraits, names: readonly string[], caches: CacheBytes): string {
  const digest = createHash('sha256').update(JSON.stringify([arch, code.flags, names, caches.l1, caches.l2, caches.l3]));
  return `${arch}-${code.isa}-${digest.digest('hex').slice(0, 16)}`;
}

/** gcc's switches by what Linux calls the feature. Virtual machines hide some of a level, so they are given one by one. */
const x64Switches: Readonly<Record<'avx2' | 'avx512', readonly (readonly [feature: string, flag: string])[]>> = {
  avx2: [
    ['avx2', '-mavx2'],
    ['fma', '-mfma'],
    ['bmi1', '-mbmi'],
    ['bmi2', '-mbmi2'],
    ['f16c', '-mf16c'],
    ['movbe', '-mmovbe'],
    ['abm', '-mlzcnt'],
  ],
  avx512: [
    ['avx512f', '-mavx512f'],
    ['avx512bw', '-mavx512bw'],
    ['avx512cd', '-mavx512cd'],
    ['avx512dq', '-mavx512dq'],
    ['avx512vl', '-mavx512vl'],
    ['avx512_vnni', '-mavx512vnni'],
  ],
};

function chooseX64(features: ReadonlySet<string>, wanted: string | undefined): CodeTraits {
  const has = (...names: readonly string[]) => names.every((name) => features.has(name));
  const hasAvx2 = has('avx2', 'fma');
  const hasAvx512 = hasAvx2 && has('avx512f', 'avx512bw', 'avx512dq', 'avx512vl');
  const isa = chooseIsa(hasAvx512 ? ['avx512', 'avx2', 'sse2'] : hasAvx2 ? ['avx2', 'sse2'] : ['sse2'], wanted);
  const switches = (level: 'avx2' | 'avx512') =>
    x64Switches[level].filter(([name]) => features.has(name)).map(([, flag]) => flag);
  const flags = {
    avx512: [...switches('avx2'), ...switches('avx512'), '-mprefer-vector-width=512'],
    // Of no use beside the wider ones.
    avx2: [...switches('avx2'), ...(has('avx_vnni') ? ['-mavxvnni'] : [])],
    sse2: [],
  };
  return {
    isa,
    fmaPerCycle: isa === 'sse2' ? 1 : 2,
    hasFp16Arithmetic: false,
    hasDotProduct: (isa === 'avx512' && has('avx512_vnni')) || (isa === 'avx2' && has('avx_vnni')),
    flags: ['-march=x86-64', ...flags[isa]],
  };
}

/**
 * gcc 12 runs out of 32 registers where it moves loads far ahead of their use (-fschedule-insns, which x86 does without) and where it
 * carries them into the next iteration of a loop (predictive commoning, a part of its vectorizer, whose work ours has done). Counts are
 * held by test/arm/lint.test.ts.
 */
const arm64OrderFlags = ['-fno-schedule-insns', '-fno-tree-vectorize'];

const hwcapAsimdHalf = 1 << 10;
const hwcapAsimdDot = 1 << 20;

function chooseArm64(bits: { readonly hwcap: number }, part: PartTraits, wanted: string | undefined): CodeTraits {
  const hasFp16Arithmetic = (bits.hwcap & hwcapAsimdHalf) !== 0;
  const hasDotProduct = (bits.hwcap & hwcapAsimdDot) !== 0;
  const extensions = `${hasFp16Arithmetic ? '+fp16' : ''}${hasDotProduct ? '+dotprod' : ''}`;
  const march = extensions === '' ? 'armv8-a' : `armv8.2-a${extensions}`;
  return {
    isa: chooseIsa(['neon'], wanted),
    fmaPerCycle: part.fmaPerCycle,
    hasFp16Arithmetic,
    hasDotProduct,
    flags: [`-march=${march}`, ...(part.name === '' ? [] : [`-mtune=${part.name}`]), ...arm64OrderFlags],
  };
}

function chooseIsa<T extends Isa>(available: readonly [T, ...T[]], wanted: string | undefined): T {
  if (wanted === undefined || wanted === '') return available[0];
  const found = available.find((isa) => isa === wanted);
  if (found !== undefined) return found;
  throw new OnboxError(`ONBOX_ISA is "${wanted}", this CPU has ${available.join(', ')}`, { code: 'isa-unavailable' });
}

function partOf(processor: Processor | undefined): PartTraits {
  return (processor?.implementer === '0x41' ? armParts[processor.part] : undefined) ?? unknownPart;
}

/** By part and capacity: the three clusters of some chips share a part. Fastest first. */
function listKinds(facts: CpuFacts): CoreKind[] {
  const groups = new Map<string, Processor[]>();
  for (const processor of facts.processors) {
    const key = `${processor.part} ${processor.capacity}`;
    groups.set(key, [...(groups.get(key) ?? []), processor]);
  }
  const speed = ([first]: readonly Processor[]) =>
    [first?.capacity ?? 0, partOf(first).rank, first?.megahertzMax ?? 0] as const;
  const ordered = [...groups.values()].sort((a, b) => compareSpeed(speed(b), speed(a)));
  return ordered.map((group) => ({
    name: nameKind(group[0], facts.name),
    count: group.length,
    processors: group.map((processor) => processor.index),
    capacity: group[0]?.capacity || 1024,
  }));
}

function compareSpeed(a: readonly number[], b: readonly number[]): number {
  const index = a.findIndex((value, i) => value !== b[i]);
  return (a[index] ?? 0) - (b[index] ?? 0);
}

function nameKind(processor: Processor | undefined, cpuName: string): string {
  if (processor === undefined || processor.part === '') return cpuName;
  return partOf(processor).name || `part ${processor.part}`;
}

function countCores(processors: readonly Processor[]): number {
  return Math.max(1, new Set(processors.map((processor) => processor.core || `${processor.index}`)).size);
}
