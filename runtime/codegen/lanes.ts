// Scalars that are spread over vectors, read four at a time: where the multiply-add takes one lane of a register, neighbours share one
// load and one register. In-order cores gain most, since a load far ahead of its use makes them wait less.

import type { Dtype } from '../core/tensor.js';
import type { Address, Dialect } from './dialect.js';

/** `ob_splat_v(p1[3])`, or `ob_spread_half_v(p1, 3)`, as the expression writer prints it. */
const spread = /ob_(?:splat|spread_(half))_[vh]\((\w+)(?:\[|, )(\d+)\]?\)/g;
/** `a0 = (a0 + …`: a register that holds a sum all the while. */
const accumulation = /^\s*(\w+) = \(\1 \+ /;
/** gcc still does well where a few registers too many are wanted. */
const slack = 2;
const groupMin = 8;

type LaneDialect = Pick<Dialect, 'lanes' | 'vectorType' | 'suffix' | 'byLane' | 'readsOnceAlone' | 'loadVector' | 'lane'>;

/** What is known of the pointers of a kernel. */
export interface Pointers {
  /** Whether nothing writes to where it leads while the kernel runs. */
  readonly isConstant: (pointer: string) => boolean;
  /** Whether it is a multiple of a vector's bytes. */
  readonly isAligned: (pointer: string) => boolean;
}

interface LaneOptions extends LaneDialect, Pointers {
  readonly registers: number;
}

/** The lines of a kernel, with vectors read where that saves loads and there are registers for them. */
export function readByLane(lines: readonly string[], dialect: LaneDialect, pointers: Pointers): string[] {
  if (dialect.byLane === undefined) return [...lines];
  const options = { ...dialect, ...pointers, registers: dialect.byLane };
  const result: string[] = [];
  let group: string[] = [];
  let count = 0;
  const close = () => {
    const named = group.length < groupMin ? group : rewrite(group, options, count);
    count += named.length - group.length;
    result.push(...named);
    group = [];
  };
  for (const line of lines) {
    if (group.length > 0 && indentOf(line) !== indentOf(group[0] ?? '')) close();
    if (isStraight(line)) group.push(line);
    else {
      close();
      result.push(line);
    }
  }
  close();
  return result;
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}

/** An assignment with a scalar to spread; what stands behind a condition may not be read without it. */
function isStraight(line: string): boolean {
  return line.endsWith(';') && !line.includes(' ? ') && line.search(spread) >= 0;
}

interface Use {
  readonly line: number;
  readonly pointer: string;
  readonly dtype: Dtype;
  readonly offset: number;
}

/** A vector that is read from `pointer[start]` on. */
interface Read {
  readonly pointer: string;
  readonly dtype: Dtype;
  readonly start: number;
  readonly first: number;
  readonly last: number;
}

function rewrite(group: readonly string[], options: LaneOptions, count: number): string[] {
  const uses = group.flatMap((text, line): Use[] =>
    [...text.matchAll(spread)]
      .map(
        ([, half, pointer = '', offset]) => ({ line, pointer, dtype: half ? 'f16' : 'f32', offset: Number(offset) }) as const,
      )
      .filter(({ pointer }) => options.isConstant(pointer)),
  );
  const reads = [...new Set(uses.map(({ pointer }) => pointer))].flatMap((pointer) =>
    readsOf(
      pointer,
      uses.filter((use) => use.pointer === pointer),
      options.lanes,
    ),
  );
  if (reads.length === 0 || registersFor(group, reads) > options.registers + slack) return [...group];
  const nameOf = (read: Read) => `lane${count + reads.indexOf(read)}`;
  if (options.readsOnceAlone) return byRead(group, reads, options, nameOf);
  return group.flatMap((text, line) => {
    const indent = ' '.repeat(indentOf(text));
    const declared = reads
      .filter(({ first }) => first === line)
      .map((read) => `${indent}const ${options.vectorType} ${nameOf(read)} = ${options.loadVector(addressOf(read, options))};`);
    const rewritten = withLanes(text, reads, options, nameOf);
    return [...declared, rewritten];
  });
}

/** A line whose scalars are lanes of what was read. */
function withLanes(
  text: string,
  reads: readonly Read[],
  { lanes, lane, suffix }: LaneOptions,
  nameOf: (read: Read) => string,
): string {
  return text.replaceAll(spread, (whole, _half: string | undefined, pointer: string, offset: string) => {
    const at = Number(offset);
    const read = reads.find((one) => one.pointer === pointer && at >= one.start && at < one.start + lanes);
    return read === undefined ? whole : `ob_splat_${suffix}(${lane(nameOf(read), at - read.start)})`;
  });
}

/**
 * Where there are more rows than what they are multiplied by takes registers, a row does all its steps before the next: one vector waits
 * instead of one for each row. Sums are independent of each other.
 */
function byRead(
  group: readonly string[],
  reads: readonly Read[],
  options: LaneOptions,
  nameOf: (read: Read) => string,
): string[] {
  const sums = new Set(group.flatMap((line) => accumulation.exec(line)?.[1] ?? [])).size;
  const columns = Math.max(1, Math.round(sums / reads.length));
  const isRowByRow = reads.length + columns >= 1 + options.lanes * columns;
  const readOf = (text: string): number => {
    const [, , pointer, offset] = [...text.matchAll(spread)][0] ?? [];
    return reads.findIndex(
      (read) => read.pointer === pointer && Number(offset) >= read.start && Number(offset) < read.start + options.lanes,
    );
  };
  const isSimple = group.every((text) => accumulation.test(text) && [...text.matchAll(spread)].length === 1);
  const lines = isRowByRow && isSimple ? [...group].sort((a, b) => readOf(a) - readOf(b)) : group;
  const declared = new Set<Read>();
  return lines.flatMap((text) => {
    const indent = ' '.repeat(indentOf(text));
    const used = [...text.matchAll(spread)].flatMap(([, , pointer, offset]) => {
      const at = Number(offset);
      return reads
        .filter((read) => read.pointer === pointer && at >= read.start && at < read.start + options.lanes)
        .slice(0, 1);
    });
    const fresh = used.filter((read) => !declared.has(read));
    for (const read of fresh) declared.add(read);
    const loads = fresh.map(
      (read) => `${indent}const ${options.vectorType} ${nameOf(read)} = ${options.loadVector(addressOf(read, options))};`,
    );
    return [...loads, withLanes(text, reads, options, nameOf)];
  });
}

function addressOf({ pointer, dtype, start }: Read, { lanes, isAligned }: LaneOptions): Address {
  const aligned = start % lanes === 0 && isAligned(pointer);
  return { pointer, offset: String(start), dtype, isGlobal: true, isAligned: aligned };
}

/** Vectors that lie between the first and the last scalar, so that nothing beyond is touched. */
function readsOf(pointer: string, uses: readonly Use[], lanes: number): Read[] {
  const offsets = [...new Set(uses.map(({ offset }) => offset))].sort((a, b) => a - b);
  const lastStart = (offsets.at(-1) ?? 0) - lanes + 1;
  if (lastStart < (offsets[0] ?? 0)) return [];
  const reads: Read[] = [];
  for (let i = 0; i < offsets.length; ) {
    const start = Math.min(offsets[i] as number, lastStart);
    const end = offsets.findIndex((offset) => offset >= start + lanes);
    const covered = (end < 0 ? offsets.length : end) - i;
    if (covered > 1) {
      const own = uses.filter(({ offset }) => offset >= (offsets[i] as number) && offset < start + lanes);
      reads.push({ pointer, dtype: own[0]?.dtype ?? 'f32', start, first: own[0]?.line ?? 0, last: own.at(-1)?.line ?? 0 });
    }
    i += Math.max(1, covered);
  }
  return reads;
}

/** Sums, the vectors alive at once, and what a row of sums is multiplied by. */
function registersFor(group: readonly string[], reads: readonly Read[]): number {
  const sums = new Set(group.flatMap((line) => accumulation.exec(line)?.[1] ?? [])).size;
  const alive = group.map((_, line) => reads.filter(({ first, last }) => first <= line && line <= last).length);
  const scalarsOf = (line: string) => [...line.matchAll(spread)].map(([whole]) => whole).join();
  const differs = group.findIndex((line) => scalarsOf(line) !== scalarsOf(group[0] ?? ''));
  return sums + Math.max(...alive) + Math.max(1, differs);
}
