// From the graph to loop programs: one program for every stored value. The program of a fused node is built from its last value
// backwards: reading a value inside the node states that value in place, reading one outside loads it from its buffer.

import { assert } from '../core/assert.js';
import { type Dtype, elementCount, printType, type Tensor, type TensorType } from '../core/tensor.js';
import type { Graph, Layout, Node } from '../graph/graph.js';
import { storedDtype } from '../graph/passes/views.js';
import { type Affine, affineKey, offset, rangeOf, scale, variable } from '../loop/affine.js';
import { cast, expressionKey, guard, load, number, variablesOf, visitExpressions } from '../loop/expression.js';
import {
  type Buffer,
  type Condition,
  type Expression,
  identityOf,
  type Loop,
  type Program,
  type Statement,
} from '../loop/program.js';
import { branch } from '../loop/statement.js';
import type { Operand, Reduction, Scope } from './lowering.js';
import { lowering } from './ops/index.js';
import { borderParts, hasBorder, type StorageAxis, storageIndex, storageLoops, storageShape } from './storage.js';

/** A program and the graph values that its buffers stand for, in the order of `program.buffers`. */
export interface LoweredProgram {
  readonly program: Program;
  readonly values: readonly string[];
  /** The operators in it, as `conv+add+relu`. */
  readonly title: string;
  /** Arithmetic operations of its reductions; a multiply-add counts as two. */
  readonly flops: number;
}

/** The programs of a node, one for each output that the graph still knows. */
export function lowerNode(graph: Graph, node: Node): LoweredProgram[] {
  return node.outputs.filter((name) => name !== '').map((output) => new ProgramBuilder(graph, node, output).build());
}

class ProgramBuilder {
  private readonly graph: Graph;
  private readonly node: Node;
  private readonly output: string;
  private readonly inner: ReadonlyMap<string, { readonly node: Node; readonly outputIndex: number }>;
  private readonly buffers = new Map<string, Buffer>();
  private known = new Map<string, Expression>();
  private block: Statement[] = [];
  /** What is stated inside the loops over shared axes, which stand after the reductions. */
  private readonly late: Statement[] = [];
  private readonly lateLocals = new Set<string>();
  private readonly lateLoops = new Set<string>();
  /** The last tiles state elements past the end, which are never stored. */
  private overshoots = false;
  private locals = 0;
  private readonly loopNames = new Set<string>();
  private readonly isNarrow: boolean;
  private points: number;
  private flops = 0;

  constructor(graph: Graph, node: Node, output: string) {
    this.graph = graph;
    this.node = node;
    this.output = output;
    this.isNarrow = graph.narrow?.has(output) ?? false;
    this.inner = new Map(
      (node.body ?? [node]).flatMap((inside) =>
        inside.outputs.map((name, outputIndex) => [name, { node: inside, outputIndex }] as const),
      ),
    );
    this.points = elementCount(this.typeOf(output).shape);
  }

  build(): LoweredProgram {
    /** As it is stored. */
    const type = { ...this.typeOf(this.output), dtype: this.stored(this.output) };
    const layout = this.graph.layouts.get(this.output);
    const { axes, index } = storageLoops(type, layout);
    for (const { name } of axes) this.loopNames.add(name);
    const tile = this.tile(type);
    if (tile !== undefined) return this.finish(this.tiledBody(type, layout, axes, index, tile), type, layout);
    const shared = this.sharedAxes(type);
    for (const axis of shared) this.lateLoops.add(axes[axis]?.name ?? '');
    const value = cast(this.define(this.output, index), type.dtype);
    const store: Statement = { kind: 'store', buffer: 'y', index: storageIndex(layout, index), value };
    const inside = axes.filter((_, axis) => shared.includes(axis));
    const outside = axes.filter((_, axis) => !shared.includes(axis));
    const point = [...this.block, ...nest(inside, [...this.late, store])];
    const body = hasBorder(layout) ? aroundBorder(type, layout, axes, outside, point) : nest(outside, point);
    return this.finish(body, type, layout);
  }

  private finish(body: readonly Statement[], type: TensorType, layout: Layout | undefined): LoweredProgram {
    const target: Buffer = { name: 'y', role: 'output', dtype: type.dtype, shape: storageShape(type, layout) };
    const program = { buffers: [...this.buffers.values(), target], packings: [], body };
    return { program, values: [...this.buffers.keys(), this.output], title: this.title(), flops: this.flops };
  }

  private tile(output: TensorType): readonly number[] | undefined {
    for (const node of this.node.body ?? [this.node]) {
      const tile = lowering(node.op).tile?.(node.attributes, output);
      if (tile !== undefined) return tile;
    }
    return undefined;
  }

  /** Loops over tiles; inside, every element of a tile is stated, and what they have in common once. */
  private tiledBody(
    type: TensorType,
    layout: Layout | undefined,
    axes: readonly StorageAxis[],
    index: readonly Affine[],
    tile: readonly number[],
  ): readonly Statement[] {
    const loops = axes.map(({ name, extent }, i) => ({
      name,
      extent: i === 1 || i === 4 ? extent : Math.ceil(extent / (tile[i] ?? 1)),
    }));
    this.overshoots = true;
    for (const at of placesOf(tile)) {
      const element = index.map((whole, axis) => {
        const size = tile[axis] ?? 1;
        if (size === 1) return whole;
        return offset(scale(variable(loops[axis]?.name ?? '', loops[axis]?.extent ?? 1), size), at[axis] ?? 0);
      });
      const value = cast(this.define(this.output, element), type.dtype);
      const inside = insideOf(type.shape, element).filter((_, axis) => (tile[axis] ?? 1) > 1);
      this.block.push(...branch(inside, [{ kind: 'store', buffer: 'y', index: storageIndex(layout, element), value }]));
    }
    return hasBorder(layout) ? aroundBorder(type, layout, axes, [], nest(loops, this.block)) : nest(loops, this.block);
  }

  private title(): string {
    return (this.node.body ?? [this.node]).map((inside) => inside.op).join('+');
  }

  private typeOf(value: string): TensorType {
    const type = this.graph.types.get(value);
    assert(type !== undefined, `the graph has no type for "${value}"`);
    return this.isNarrow && type.dtype === 'f32' ? { ...type, dtype: 'f16' } : type;
  }

  /** The dtype of a value outside of the program. */
  private stored(value: string): Dtype {
    return storedDtype(this.graph, value);
  }

  private sharedAxes(output: TensorType): readonly number[] {
    for (const node of this.node.body ?? [this.node]) {
      const axes = lowering(node.op).sharedAxes?.(node.attributes, output) ?? [];
      if (axes.length > 0) return axes;
    }
    return [];
  }

  /** The element of a value that this program computes. Each element is stated once. */
  private define(value: string, index: readonly Affine[]): Expression {
    const key = `${value}[${index.map(affineKey).join(', ')}]`;
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const source = this.inner.get(value);
    assert(source !== undefined, `"${value}" is not computed here`);
    const op = lowering(source.node.op);
    const expression = this.shareUnlessSimple(op.value(this.scope(source.node, source.outputIndex), index), value);
    this.known.set(key, expression);
    return expression;
  }

  private shareUnlessSimple(expression: Expression, value: string): Expression {
    return value === this.output || isRead(expression) || expression.kind === 'number' ? expression : this.share(expression);
  }

  private scope(node: Node, outputIndex: number): Scope {
    const operand = (i: number): Operand | undefined => {
      const value = node.inputs[i];
      return value === undefined || value === '' ? undefined : this.operandOf(value);
    };
    return {
      attributes: node.attributes,
      operand,
      input: (i) => {
        const found = operand(i);
        assert(found !== undefined, `${node.op} has no input ${i}`);
        return found;
      },
      output: this.typeOf(node.outputs[outputIndex] ?? ''),
      outputIndex,
      share: (value) => this.share(value),
      reduce: (reduction) => this.reduce(reduction),
    };
  }

  private operandOf(value: string): Operand {
    const type = this.typeOf(value);
    if (this.inner.has(value)) {
      return {
        type,
        block: 1,
        read: (index) => {
          assert(
            this.overshoots || isInside(type, index),
            `${printType(type)} "${value}" is read outside of itself where it is fused`,
          );
          return this.define(value, index);
        },
      };
    }
    const tensor = this.graph.constants.get(value);
    if (tensor !== undefined && elementCount(type.shape) === 1) {
      const only = number(Number(tensor.data[0]), type.dtype);
      return { type, block: 1, read: (index) => this.inside(type, index, only) };
    }
    const layout = this.graph.layouts.get(value);
    return { type, block: layout?.block ?? 1, read: (index, outside) => this.loadValue(value, type, tensor, index, outside) };
  }

  private inside(type: TensorType, index: readonly Affine[], value: Expression): Expression {
    return guard(insideOf(type.shape, index), value, number(0, type.dtype));
  }

  private loadValue(
    value: string,
    type: TensorType,
    tensor: Tensor | undefined,
    index: readonly Affine[],
    outside = 0,
  ): Expression {
    const layout = this.graph.layouts.get(value);
    const shape = storageShape(type, layout);
    const stored = this.stored(value);
    let buffer = this.buffers.get(value);
    if (buffer === undefined) {
      const role = tensor === undefined ? 'input' : 'constant';
      const prefix = role === 'constant' ? 'k' : 'x';
      const count = [...this.buffers.values()].filter((known) => known.role === role).length;
      buffer = { name: `${prefix}${count}`, role, dtype: stored, shape };
      this.buffers.set(value, buffer);
    }
    const physical = storageIndex(layout, index);
    const inside = insideOf(shape, physical);
    const element = load(buffer.name, stored, physical);
    // A constant is packed with its guard, as it is stored.
    if (tensor !== undefined) return cast(guard(inside, element, number(0, stored)), type.dtype);
    return guard(inside, cast(element, type.dtype), number(outside, type.dtype));
  }

  private share(value: Expression): Expression {
    if (value.kind === 'number' || (value.kind === 'load' && this.isLocal(value.buffer))) return value;
    const key = `= ${expressionKey(value)}`;
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const late = this.isLate(value);
    const name = this.declareLocal('t', value, late ? this.late : this.block);
    if (late) this.lateLocals.add(name);
    const shared = load(name, value.dtype, []);
    this.known.set(key, shared);
    return shared;
  }

  /** Whether an expression depends on a shared axis and so cannot be computed before its loop. */
  private isLate(value: Expression): boolean {
    if (this.lateLoops.size === 0) return false;
    let late = [...variablesOf(value)].some((name) => this.lateLoops.has(name));
    visitExpressions(value, (inner) => {
      if (inner.kind === 'load' && this.lateLocals.has(inner.buffer)) late = true;
    });
    return late;
  }

  private isLocal(buffer: string): boolean {
    return buffer.startsWith('t') || buffer.startsWith('a');
  }

  /** Declares a scalar local in a block and gives it its first value. */
  private declareLocal(prefix: string, value: Expression, block: Statement[]): string {
    const name = `${prefix}${this.locals++}`;
    block.push({ kind: 'local', buffer: { name, role: 'local', dtype: value.dtype, shape: [] } });
    block.push({ kind: 'store', buffer: name, index: [], value });
    return name;
  }

  private freshLoop(name: string): string {
    let fresh = name;
    for (let i = 1; this.loopNames.has(fresh); i++) fresh = `${name}${i}`;
    this.loopNames.add(fresh);
    return fresh;
  }

  private reduce({ combine, axes, start, term }: Reduction): Expression {
    const loops = axes.map(({ name, extent }) => ({ name: this.freshLoop(name), extent }));
    const outer = this.block;
    this.block = [];
    const points = this.points;
    const known = new Map(this.known);
    this.points *= loops.reduce((product, { extent }) => product * extent, 1);
    const value = term(...loops.map(({ name, extent }) => variable(name, extent)));
    this.flops += 2 * this.points;
    this.points = points;
    const inside = this.block;
    this.block = outer;
    this.known = known;
    const dtype = start?.dtype ?? value.dtype;
    const name = this.declareLocal(
      'a',
      start ?? number(dtype === 'bool' && combine === 'max' ? 0 : identityOf(combine), dtype),
      this.block,
    );
    this.block.push(...nest(loops, [...inside, { kind: 'store', buffer: name, index: [], value, combine }], 'reduce'));
    return load(name, dtype, []);
  }
}

/** Whether an expression is no more than an element of a buffer, widened where it is stored as f16. */
function isRead(expression: Expression): boolean {
  const [only] = expression.kind === 'call' && expression.op === 'cast' ? expression.args : [expression];
  return only?.kind === 'load' && (only === expression || only.dtype === 'f16');
}

/** All indices into a tile, the last axis fastest. */
function placesOf(tile: readonly number[]): readonly (readonly number[])[] {
  return tile.reduce<readonly (readonly number[])[]>(
    (places, size) => places.flatMap((place) => Array.from({ length: size }, (_, i) => [...place, i])),
    [[]],
  );
}

/** Channels may run past the end: the storage of a blocked value has room for them. */
function isInside(type: TensorType, index: readonly Affine[]): boolean {
  return index.every((at, axis) => {
    const [min, max] = rangeOf(at);
    return min >= 0 && (max < (type.shape[axis] ?? 0) || (axis === 1 && index.length === 4));
  });
}

function insideOf(shape: readonly number[], index: readonly Affine[]): Condition[] {
  return index.map((at, axis) => ({ index: at, low: 0, high: shape[axis] ?? 0 }));
}

/** Loops around a block, outermost first; loops of one iteration are left out. */
function nest(axes: readonly StorageAxis[], block: readonly Statement[], axis: Loop['axis'] = 'space'): readonly Statement[] {
  return axes.reduceRight<readonly Statement[]>(
    (body, { name, extent }) => (extent === 1 ? body : [{ kind: 'for', name, extent, axis, mode: 'serial', body }]),
    block,
  );
}

/** The loops of a bordered value. Where rows are looped over after the reductions, the border is cleared in loops of its own. */
function aroundBorder(
  type: TensorType,
  layout: Layout,
  axes: readonly StorageAxis[],
  outside: readonly StorageAxis[],
  point: readonly Statement[],
): readonly Statement[] {
  if (outside.length === axes.length) return withBorder(type, layout, axes, point);
  const rows = axes.slice(0, 3).map(({ name, extent }) => ({ name: `${name}b`, extent }));
  return [...withBorder(type, layout, rows, []), ...nest(outside, point)];
}

/**
 * The loops of a bordered value: whoever writes the first row of a channel block clears what lies above and beside, so that the border
 * costs no pass of its own.
 */
function withBorder(
  type: TensorType,
  layout: Layout,
  axes: readonly StorageAxis[],
  point: readonly Statement[],
): readonly Statement[] {
  const height = type.shape[2] ?? 1;
  const [image, channels, row, ...inner] = axes;
  assert(image !== undefined && channels !== undefined && row !== undefined, 'a border wants rows');
  const h = variable(row.name, row.extent);
  const clear = borderParts(type, layout).flatMap(([firstRow, rows, firstColumn, columns]) => {
    const beside = rows === height && firstRow === layout.border[0];
    const r = beside ? offset(h, firstRow) : offset(variable('br', rows), firstRow);
    const blockAxis = layout.block === 1 ? [] : [variable('bi', layout.block)];
    const index = [
      variable(image.name, image.extent),
      variable(channels.name, channels.extent),
      r,
      offset(variable('bc', columns), firstColumn),
      ...blockAxis,
    ];
    const store: Statement = { kind: 'store', buffer: 'y', index, value: number(layout.fill ?? 0, type.dtype) };
    const loops = [
      ...(beside ? [] : [{ name: 'br', extent: rows }]),
      { name: 'bc', extent: columns },
      ...(layout.block === 1 ? [] : [{ name: 'bi', extent: layout.block }]),
    ];
    const rowOfPart = firstRow === 0 ? 0 : height - 1;
    const when: Condition[] = beside ? [] : [{ index: h, low: rowOfPart, high: rowOfPart + 1 }];
    return branch(when, nest(loops, [store]));
  });
  return nest([image, channels, row], [...clear, ...nest(inner, point)]);
}
