// A schedule in a few words.

import { summarize } from '../../runtime/schedule/summary.js';

test('no steps are the plain translation', () => {
  expect(summarize([])).toBe('plain');
});

test('what shapes the loops comes first, then how they run; packing, sinking and cutting go without saying', () => {
  expect(
    summarize([
      { step: 'fuse', outer: 'h', inner: 'w', name: 'p' },
      { step: 'split', loop: 'p', factor: 14, outer: 'pt', inner: 'pu' },
      { step: 'reorder', loops: ['ii', 'io'] },
      { step: 'pack', buffer: 'k0', loops: ['co', 'ci'] },
      { step: 'sink', loop: 'pu' },
      { step: 'cut', loop: 'pt', at: 3 },
      { step: 'vectorize', loop: 'ci' },
      { step: 'unroll', loop: 'pu' },
      { step: 'unroll', loop: 'co' },
      { step: 'parallel', loop: 'pt' },
    ]),
  ).toBe('fuse h w, split p 14, order ii io, vector ci, unroll pu co, parallel pt');
});
