// Networks of many families as exporters write them, by reference, by compiled code and by onnxruntime.

import { families } from './exports.js';
import { type FuzzCase, printCase } from './graphs.js';
import { Random } from './random.js';
import { judge, openPeer, type Peer } from './ways.js';

const compileTimeoutMs = 300_000;

let peer: Peer;
beforeAll(() => {
  peer = openPeer();
});
afterAll(() => peer.close());

test(
  'networks of many families give the same by reference, by compiled code and by onnxruntime',
  async () => {
    const cases = families.map(([, sketch, shape], seed): FuzzCase => {
      return { seed, sketch: sketch(), feeds: new Map([['input', new Random(seed).tensor(shape)]]), values: [] };
    });
    const { found, judged } = await judge(cases, peer);
    expect(found.map((one) => `${families[one.case.seed]?.[0]}: ${one.problem}\n${printCase(one.case)}`)).toEqual([]);
    expect(judged).toBe(cases.length);
  },
  compileTimeoutMs,
);
