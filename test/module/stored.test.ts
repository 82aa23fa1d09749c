// Values as they lie in memory, read back.

import { elementCount, type TensorType } from '../../runtime/core/tensor.js';
import type { Layout } from '../../runtime/graph/graph.js';
import { variable } from '../../runtime/loop/affine.js';
import { storageIndex, storageShape } from '../../runtime/lower/storage.js';
import { fromStorage, storedElements } from '../../runtime/module/stored.js';

const type: TensorType = { dtype: 'f32', shape: [2, 5, 2, 3] };

test.each<Layout>([
  { block: 4, border: [0, 0, 0, 0] },
  { block: 4, border: [1, 2, 0, 1] },
  { block: 1, border: [1, 1, 1, 1] },
  { block: 16, border: [0, 1, 0, 0] },
])('the element at every index is where %j says', (layout) => {
  const shape = storageShape(type, layout);
  expect(storedElements(type, layout)).toBe(elementCount(shape));
  // Every element says where it lies, so that the logical value shows what was read.
  const stored = Float32Array.from({ length: elementCount(shape) }, (_, i) => i);
  const { data } = fromStorage(stored, type, layout);
  const [, , rows = 1, columns = 1, block = 1] = shape;
  const [, blocks = 1] = shape;
  const [top, left] = layout.border;
  let i = 0;
  for (let n = 0; n < 2; n++)
    for (let c = 0; c < 5; c++)
      for (let h = 0; h < 2; h++)
        for (let w = 0; w < 3; w++) {
          const place = ((n * blocks + Math.floor(c / block)) * rows + h + top) * columns + w + left;
          expect(data[i++]).toBe(place * block + (c % block));
        }
  expect(
    storageIndex(
      layout,
      ['n', 'c', 'h', 'w'].map((name, axis) => variable(name, type.shape[axis] ?? 1)),
    ),
  ).toHaveLength(shape.length);
});

test('a row-major value is read as it is', () => {
  const stored = new Float32Array(60);
  expect(fromStorage(stored, type, undefined).data).toBe(stored);
});
