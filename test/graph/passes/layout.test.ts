// Which values are stored in blocks of 4 channels and with what border, in the text form without attributes and constants.

import fc from 'fast-check';
import { tensorOf } from '../../../runtime/core/tensor.js';
import { GraphBuilder } from '../../../runtime/graph/builder.js';
import type { Graph } from '../../../runtime/graph/graph.js';
import { chooseLayouts } from '../../../runtime/graph/passes/layout.js';
import { isInPlace, viewsOf } from '../../../runtime/graph/passes/views.js';
import { print } from '../../../runtime/graph/print.js';
import { verify } from '../../../runtime/graph/verify.js';
import { dedent, expectSame } from './equivalence.js';
import { planeNetworks } from './networks.js';

const lanes = 4;

/** Builds a graph from an input x of `channels` channels of 4x4; the output is called y. */
function graphOf(channels: number, build: (builder: GraphBuilder) => string): Graph {
  const builder = new GraphBuilder();
  builder.addInput('x', { dtype: 'f32', shape: [1, channels, 4, 4] });
  builder.output('y', build(builder));
  return verify(builder.build());
}

interface Window {
  readonly kernel?: number;
  readonly stride?: number;
  readonly group?: number;
}

/** A convolution that pads half its kernel on all sides; its value is called `name`. */
function conv(builder: GraphBuilder, x: string, outputs: number, name: string, window: Window = {}): string {
  const { kernel = 1, stride = 1, group = 1 } = window;
  const shape = [outputs, (builder.typeOf(x).shape[1] ?? 1) / group, kernel, kernel];
  const w = builder.addConstant(`${name}.w`, tensorOf('f32', shape, []));
  const pad = (kernel - 1) / 2;
  const attributes = { group, strides: [stride, stride], pads: [pad, pad, pad, pad], dilations: [1, 1] };
  return builder.addOne('conv', [x, w], attributes, name);
}

/** The nodes of the graph with its layouts. */
function layouts(channels: number, build: (builder: GraphBuilder) => string): string {
  const lines = print(laidOut(channels, build)).split('\n');
  const nodes = lines.filter((line) => !/^(input|constant|output) /.test(line));
  return nodes.map((line) => line.replace(/ \{.*\}$/, '').replace(/ border \[0, 0, 0, 0\]/g, '')).join('\n');
}

function laidOut(channels: number, build: (builder: GraphBuilder) => string): Graph {
  return verify(chooseLayouts(graphOf(channels, build), lanes));
}

/** Names of the nodes' first outputs, of the nodes that move or compute something. */
function busy(graph: Graph): (string | undefined)[] {
  const views = viewsOf(graph);
  return graph.nodes.filter((node) => !isInPlace(node, views)).map(({ outputs }) => outputs[0]);
}

test('a chain of convolutions works in blocks, with a border where the next one pads', () => {
  const text = layouts(3, (builder) => {
    const c = conv(builder, 'x', 8, 'c', { kernel: 3 });
    const r = builder.addOne('relu', [c], {}, 'r');
    return conv(builder, r, 8, 'd', { kernel: 3, stride: 2 });
  });
  expect(text).toBe(
    dedent(`
    x.in: f32[1,3,4,4] block 1 border [1, 1, 1, 1] = copy(x)
    c: f32[1,8,4,4] block 4 = conv(x.in, c.w)
    r: f32[1,8,4,4] block 4 border [1, 1, 0, 0] = relu(c)
    d: f32[1,8,2,2] block 4 = conv(r, d.w)
    d.out: f32[1,8,2,2] = copy(d)
  `),
  );
});

test('the border is as wide as the widest kernel that reads the value', () => {
  const text = layouts(4, (builder) => {
    const c = conv(builder, 'x', 4, 'c');
    const near = conv(builder, c, 4, 'near', { kernel: 3 });
    const far = conv(builder, c, 4, 'far', { kernel: 5 });
    return builder.addOne('add', [near, far], {}, 's');
  });
  expect(text).toContain('c: f32[1,4,4,4] block 4 border [2, 2, 2, 2] = conv');
});

test('depthwise convolutions, pools and means over the plane follow their input', () => {
  const pool = { kernel: [2, 2], strides: [2, 2], pads: [0, 0, 0, 0], dilations: [1, 1], ceilMode: false };
  const text = layouts(4, (builder) => {
    const c = conv(builder, 'x', 8, 'c');
    const d = conv(builder, c, 8, 'd', { kernel: 3, group: 8 });
    const p = builder.addOne('max-pool', [d], pool, 'p');
    return builder.addOne('reduce-mean', [p], { axes: [2, 3], keepDims: true }, 'm');
  });
  expect(text).toBe(
    dedent(`
    x.in: f32[1,4,4,4] = copy(x)
    c: f32[1,8,4,4] block 4 border [1, 1, 1, 1] = conv(x.in, c.w)
    d: f32[1,8,4,4] block 4 = conv(c, d.w)
    p: f32[1,8,2,2] block 4 = max-pool(d)
    m: f32[1,8,1,1] block 4 = reduce-mean(p)
    m.out: f32[1,8,1,1] = copy(m)
  `),
  );
});

test('a grouped convolution works in blocks only where no block spans two groups', () => {
  const grouped = (outputs: number) =>
    layouts(4, (builder) => conv(builder, conv(builder, 'x', 8, 'c'), outputs, 'g', { group: 4 }));
  expect(grouped(16)).toContain('g: f32[1,16,4,4] block 4 = conv');
  expect(grouped(8)).toContain('g: f32[1,8,4,4] = conv');
});

test('a sum is stored in blocks if all that it adds is', () => {
  const sum = (other: (builder: GraphBuilder) => string) =>
    layouts(4, (builder) => builder.addOne('add', [conv(builder, 'x', 4, 'c'), other(builder)], {}, 's'));
  expect(sum((builder) => conv(builder, 'x', 4, 'd'))).toContain('s: f32[1,4,4,4] block 4 = add(c, d)');
  expect(sum(() => 'x')).toContain('s: f32[1,4,4,4] = add(c, x.in)');
});

test('the parts of a concatenation of whole blocks are written where they belong, borders and all', () => {
  const build = (builder: GraphBuilder) => {
    const parts = [conv(builder, 'x', 4, 'p'), conv(builder, 'x', 8, 'q')];
    return conv(builder, builder.addOne('concat', parts, { axis: 1 }, 'j'), 4, 'c', { kernel: 3 });
  };
  expect(layouts(4, build)).toBe(
    dedent(`
    x.in: f32[1,4,4,4] = copy(x)
    p: f32[1,4,4,4] block 4 border [1, 1, 1, 1] = conv(x.in, p.w)
    q: f32[1,8,4,4] block 4 border [1, 1, 1, 1] = conv(x.in, q.w)
    j: f32[1,12,4,4] block 4 border [1, 1, 1, 1] = concat(p, q)
    c: f32[1,4,4,4] block 4 = conv(j, c.w)
    c.out: f32[1,4,4,4] = copy(c)
  `),
  );
  expect(busy(laidOut(4, build))).toEqual(['x.in', 'p', 'q', 'c', 'c.out']);
});

test('split halves that return in a concatenation, as in C2f, are never copied', () => {
  const build = (builder: GraphBuilder) => {
    const a = conv(builder, 'x', 8, 'a');
    const [s = '', t = ''] = builder.add('split', [a], { axis: 1, sizes: [4, 4] }, ['s', 't']);
    const m = conv(builder, t, 4, 'm', { kernel: 3 });
    const n = conv(builder, m, 4, 'n', { kernel: 3 });
    return conv(builder, builder.addOne('concat', [s, t, m, n], { axis: 1 }, 'j'), 8, 'c');
  };
  expect(busy(laidOut(4, build))).toEqual(['x.in', 'a', 'm', 'n', 'c', 'c.out']);
});

test('a part that cannot be in two places is copied, so that the others need not be', () => {
  const build = (builder: GraphBuilder) => {
    const [p, q] = [conv(builder, 'x', 4, 'p'), conv(builder, 'x', 4, 'q')];
    const one = builder.addOne('concat', [p, q], { axis: 1 }, 'one');
    const two = builder.addOne('concat', [q, conv(builder, one, 4, 'r')], { axis: 1 }, 'two');
    return conv(builder, two, 4, 'c');
  };
  const graph = laidOut(4, build);
  expect(busy(graph)).toEqual(['x.in', 'p', 'q', 'r', 'q.part', 'c', 'c.out']);
});

test('a concatenation in the middle of a block is row-major, and its parts are moved', () => {
  const build = (builder: GraphBuilder) => {
    const parts = [conv(builder, 'x', 6, 'p'), conv(builder, 'x', 2, 'q')];
    return conv(builder, builder.addOne('concat', parts, { axis: 1 }, 'j'), 4, 'c');
  };
  expect(layouts(4, build)).toBe(
    dedent(`
    x.in: f32[1,4,4,4] = copy(x)
    p: f32[1,6,4,4] block 4 = conv(x.in, p.w)
    q: f32[1,2,4,4] block 4 = conv(x.in, q.w)
    j: f32[1,8,4,4] = concat(p, q)
    c: f32[1,4,4,4] block 4 = conv(j, c.w)
    c.out: f32[1,4,4,4] = copy(c)
  `),
  );
  expect(busy(laidOut(4, build))).toContain('j');
});

test('an output that nothing computes is a copy', () => {
  const graph = graphOf(4, () => 'x');
  expect(print(verify(chooseLayouts(graph, lanes)))).toBe(
    dedent(`
    input x: f32[1,4,4,4]
    x.in: f32[1,4,4,4] = copy(x)
    x.out: f32[1,4,4,4] = copy(x.in)
    output y = x.out
  `),
  );
});

test('layouts change nothing that is computed, and neither inputs nor outputs have one', () => {
  fc.assert(
    fc.property(planeNetworks, fc.constantFrom(1, 4, 8, 16), (graph, width) => {
      const result = verify(chooseLayouts(graph, width));
      expectSame(graph, result, 0);
      const edges = [...result.inputs, ...result.outputs.map(({ value }) => value)];
      expect(edges.filter((value) => result.layouts.has(value))).toEqual([]);
      for (const [value, { block }] of result.layouts) {
        expect(result.types.get(value)).toMatchObject({ dtype: 'f32', shape: { length: 4 } });
        expect([1, width]).toContain(block);
      }
    }),
    { numRuns: 60 },
  );
});
