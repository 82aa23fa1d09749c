// The sidecar's schema, and the sentences that name what is wrong with one.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mergeOverrides, parseSidecar, readSidecar, sidecarBytesMax, sidecarPath } from '../../runtime/vision/sidecar.js';

test('every field of the schema is read', () => {
  const text = JSON.stringify({
    task: 'detect',
    head: { kind: 'yolox', parameters: { strides: [8, 16], exact: true } },
    labels: ['cat', 'do\ng'],
    image: {
      input: 'images',
      colors: 'bgr',
      mean: [104, 117, 123],
      std: 58,
      fit: 'letterbox',
      anchor: 'top-left',
      fill: 0,
      cropShare: 0.5,
    },
  });
  expect(parseSidecar(text)).toEqual({
    task: 'detect',
    head: 'yolox',
    headParameters: { strides: [8, 16], exact: true },
    labels: ['cat', 'do g'],
    image: {
      input: 'images',
      colors: 'bgr',
      mean: [104, 117, 123],
      std: [58],
      fit: 'letterbox',
      anchor: 'top-left',
      fill: 0,
      cropShare: 0.5,
    },
  });
});

test('what is left out stays open', () => {
  expect(parseSidecar('{}')).toEqual({});
  expect(parseSidecar('{"head": "yolov8", "image": {}}')).toEqual({ head: 'yolov8', image: {} });
});

test.each([
  ['nonsense', 'the sidecar is not JSON'],
  ['[]', 'the sidecar should be an object, it is []'],
  ['{"taks": "detect"}', 'the sidecar has the unknown field "taks"; it may have task, head, labels, image'],
  ['{"task": "segment"}', 'task should be "detect" or "classify" or "embed" or "other", it is "segment"'],
  ['{"image": {"mean": "0"}}', 'image.mean should be a number, it is "0"'],
  ['{"image": {"mean": [1, 2]}}', 'image.mean should be one number or a list of three, it is [1,2]'],
  ['{"image": {"colors": "RGB"}}', 'image.colors should be "rgb" or "bgr" or "gray", it is "RGB"'],
  ['{"image": {"crop": 1}}', 'image has the unknown field "crop"'],
  ['{"labels": "labels.txt"}', 'labels should be a list of texts, it is "labels.txt"'],
  ['{"labels": []}', 'labels should be a list of texts, it is []'],
  ['{"head": 5}', 'head should be an object, it is 5'],
  [
    '{"head": {"kind": "yolox", "parameters": {"a": {}}}}',
    'head.parameters.a should be a number, text, boolean or a list of them, it is {}',
  ],
  ['{"image": {"fill": null}}', 'image.fill should be a number, it is null'],
  ['{"__proto__": {"task": "detect"}}', 'unknown field "__proto__"'],
])('a wrong field is named with what it may be and what it is: %s', (text, message) => {
  expect(() => parseSidecar(text)).toThrow(
    expect.objectContaining({ code: 'sidecar-invalid', message: expect.stringContaining(message) }),
  );
});

test('long foreign text is cut in the message', () => {
  expect(() => parseSidecar(JSON.stringify({ task: 'x'.repeat(10_000) }))).toThrow(/^.{1,200}$/);
});

test('flags go before the sidecar, field by field', () => {
  const sidecar = parseSidecar('{"task": "detect", "head": "yolox", "image": {"mean": 1, "std": 2}}');
  expect(mergeOverrides({ head: 'yolov5', image: { mean: [7] } }, sidecar)).toEqual({
    task: 'detect',
    head: 'yolov5',
    image: { mean: [7], std: [2] },
  });
  expect(mergeOverrides({ head: 'yolov5' }, undefined)).toEqual({ head: 'yolov5' });
});

test('the sidecar lies beside the model under its name', async () => {
  expect(sidecarPath('/models/cat.v2.onnx')).toBe('/models/cat.v2.onbox.json');
  const folder = await mkdtemp(join(tmpdir(), 'onbox-sidecar-'));
  try {
    const model = join(folder, 'cat.onnx');
    expect(await readSidecar(model)).toBeUndefined();
    await writeFile(join(folder, 'cat.onbox.json'), '{"task": "classify"}');
    expect(await readSidecar(model)).toEqual({ task: 'classify' });
    await writeFile(join(folder, 'cat.onbox.json'), ' '.repeat(sidecarBytesMax + 1));
    await expect(readSidecar(model)).rejects.toThrow(/4194305 bytes, at most 4194304/);
  } finally {
    await rm(folder, { recursive: true });
  }
});
