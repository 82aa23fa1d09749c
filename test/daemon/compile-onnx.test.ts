// What is recorded of a compile.

import { flopsOf } from '../../daemon/jobs/compile-onnx.js';

test('a kernel that several layers share counts once for each of them', () => {
  const launch = (kernel: number) => ({ kernel, extent: 1, buffers: [] });
  const kernels = [
    { title: 'conv', flops: 100 },
    { title: 'relu', flops: 1 },
  ];
  expect(flopsOf({ kernels, plans: [[launch(0), launch(1), launch(0)], [launch(1)]] })).toBe(201);
});
