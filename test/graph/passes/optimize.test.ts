// The law of the passes: whatever the network, what it computes stays the same.

import fc from 'fast-check';
import { optimize, passes } from '../../../runtime/graph/passes/index.js';
import { verify } from '../../../runtime/graph/verify.js';
import { expectSame } from './equivalence.js';
import { networks } from './networks.js';

test('no pass changes what a graph computes', () => {
  fc.assert(
    fc.property(networks, (graph) => {
      for (const pass of passes) {
        const result = verify(pass.run(graph));
        expectSame(graph, result, 1e-5);
      }
    }),
    { numRuns: 150 },
  );
});

test('all passes together neither, and a second round finds nothing', () => {
  fc.assert(
    fc.property(networks, (graph) => {
      const result = optimize(graph);
      expectSame(graph, result, 1e-5);
      for (const pass of passes) expect(pass.run(result)).toBe(result);
    }),
    { numRuns: 150 },
  );
});
