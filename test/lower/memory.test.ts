// The arena: whatever a launch reads is still there, though values share memory and lie inside of each other.

import fc from 'fast-check';
import { elementCount, type Tensor, type TensorType } from '../../runtime/core/tensor.js';
import { evaluate } from '../../runtime/graph/evaluate.js';
import type { Graph } from '../../runtime/graph/graph.js';
import { parse } from '../../runtime/graph/parse.js';
import { fuse } from '../../runtime/graph/passes/fuse.js';
import { chooseLayouts } from '../../runtime/graph/passes/layout.js';
import { isInPlace, rootOf, storedCount, type View, viewsOf } from '../../runtime/graph/passes/views.js';
import { verify } from '../../runtime/graph/verify.js';
import { type Access, type ArenaPlan, planArena } from '../../runtime/lower/memory.js';
import { storageShape } from '../../runtime/lower/storage.js';
import { planeNetworks } from '../graph/passes/networks.js';
import { fromStorage, toStorage } from './harness.js';

const lanes = 4;
const graphs = planeNetworks.chain((graph) =>
  fc.constantFrom(chooseLayouts(graph, lanes), verify(chooseLayouts(fuse(graph), lanes)), graph),
);

interface Planned {
  readonly graph: Graph;
  readonly views: ReadonlyMap<string, View>;
  readonly accesses: readonly Access[];
  readonly arena: ArenaPlan;
}

function planned(graph: Graph, keep = false): Planned {
  const views = viewsOf(graph);
  const busy = graph.nodes.filter((node) => !isInPlace(node, views));
  const accesses = busy.map(({ inputs, outputs }) => ({ reads: inputs.filter((name) => name !== ''), writes: outputs }));
  return { graph, views, accesses, arena: planArena(graph, accesses, views, keep) };
}

/** Every value as the reference has it, for an input in which no two elements are equal. */
function truthOf(graph: Graph): ReadonlyMap<string, Tensor> {
  const feeds = graph.inputs.map((name) => {
    const { dtype, shape } = graph.types.get(name) as TensorType;
    return [
      name,
      { dtype, shape, data: Float32Array.from({ length: elementCount(shape) }, (_, i) => Math.sin(1 + i)) },
    ] as const;
  });
  return evaluate(graph, new Map(feeds), { keep: true });
}

/** The memory of one run, in which every launch leaves what the reference says and must find what it reads. */
class Memory {
  private readonly plan: Planned;
  private readonly truth: ReadonlyMap<string, Tensor>;
  private readonly bytes: ArrayBuffer;

  constructor(plan: Planned) {
    this.plan = plan;
    this.truth = truthOf(plan.graph);
    // Of an earlier run: numbers that nobody expects.
    this.bytes = new Float32Array(plan.arena.bytes / 4).fill(-777).buffer;
  }

  run(): void {
    for (const { reads, writes } of this.plan.accesses) {
      for (const name of reads) this.expectThere(name);
      for (const name of writes) this.region(name)?.set(this.stored(name));
    }
    for (const { value } of this.plan.graph.outputs) this.expectThere(value);
  }

  expectThere(name: string): void {
    const region = this.region(name);
    if (region === undefined) return;
    const type = this.plan.graph.types.get(name) as TensorType;
    const layout = this.plan.graph.layouts.get(name);
    const found = fromStorage({ dtype: type.dtype, shape: storageShape(type, layout), data: region }, type, layout);
    const want = (this.truth.get(name) as Tensor).data;
    const wrong = want.findIndex((value, i) => value !== found.data[i]);
    if (wrong >= 0) throw new Error(`${name}[${wrong}] is ${found.data[wrong]} instead of ${want[wrong]}`);
  }

  /** Where a value lies, undefined for what lies outside of the arena. */
  private region(name: string): Float32Array | undefined {
    const { graph, arena } = this.plan;
    if (graph.inputs.includes(name) || graph.constants.has(name)) return undefined;
    return new Float32Array(this.bytes, arena.offsets.get(name), storedCount(graph, name));
  }

  private stored(name: string): Float32Array {
    return toStorage(this.truth.get(name) as Tensor, this.plan.graph.layouts.get(name)).data as Float32Array;
  }
}

test('no launch finds that another has overwritten what it reads', () => {
  fc.assert(
    fc.property(graphs, (graph) => {
      new Memory(planned(graph)).run();
    }),
    { numRuns: 100 },
  );
});

test('where everything is kept, every value is still there in the end', () => {
  fc.assert(
    fc.property(graphs, (graph) => {
      const plan = planned(graph, true);
      const memory = new Memory(plan);
      memory.run();
      for (const name of plan.arena.offsets.keys()) memory.expectThere(name);
    }),
    { numRuns: 50 },
  );
});

test('a view lies inside of its root, and both begin where a kernel may count on', () => {
  fc.assert(
    fc.property(graphs, (graph) => {
      const { views, arena } = planned(graph);
      for (const [name, offset] of arena.offsets) {
        const root = rootOf(views, name);
        const first = arena.offsets.get(root) as number;
        expect(first % 64).toBe(0);
        expect(offset % 8).toBe(0);
        expect(offset).toBeGreaterThanOrEqual(first);
        expect(offset + 4 * storedCount(graph, name)).toBeLessThanOrEqual(first + 4 * storedCount(graph, root));
      }
    }),
    { numRuns: 100 },
  );
});

/** A chain of `count` operators on vectors of 16 floats, which are 64 bytes. */
function chain(count: number): Graph {
  const lines = Array.from({ length: count }, (_, i) => `v${i + 1}: f32[16] = neg(v${i})`);
  return parse(['input v0: f32[16]', ...lines, `output y = v${count}`].join('\n'));
}

test('a chain of operators takes turns in two places', () => {
  const { arena } = planned(chain(9));
  expect(arena.bytes).toBe(128);
});

test('where everything is kept, every value has a place of its own', () => {
  const { arena } = planned(chain(9), true);
  expect(arena.bytes).toBe(9 * 64);
  expect(new Set(arena.offsets.values()).size).toBe(9);
});
