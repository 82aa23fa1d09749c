// Tensors through the engine child: named bytes in, named bytes out.

import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Engine, engineDefaults } from '../../daemon/engine/engine.js';
import type { EngineInput } from '../../daemon/engine/messages.js';
import { fakeChild, temporaryFolder } from './support/server.js';

let folder: string;
let engine: Engine;

beforeAll(async () => {
  folder = await temporaryFolder();
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'state'), 'here');
  engine = new Engine({ ...engineDefaults, child: fakeChild('fake-engine'), log: () => undefined });
  engine.start();
});

afterAll(async () => {
  await engine.stop();
  await rm(folder, { recursive: true });
});

function floats(values: readonly number[]): Uint8Array {
  return new Uint8Array(Float32Array.from(values).buffer);
}

const values = Array.from({ length: 192 }, (_, index) => index / 2);
const tensor: EngineInput = { name: 'images', dtype: 'f32', shape: [1, 3, 8, 8], bytes: floats(values) };

test('a tensor is run and its output comes as bytes of its own', async () => {
  const { outputs, ms } = await engine.run({ kind: 'tensors', module: folder, inputs: [tensor], outputs: [] });
  expect(outputs).toEqual([{ name: 'out', dtype: 'f32', shape: [1, 4], bytes: expect.anything() }]);
  expect([...(outputs[0]?.bytes ?? [])]).toEqual([...floats([0, 0.5, 1, 1.5])]);
  expect(ms).toEqual({
    decode: expect.any(Number),
    queue: expect.any(Number),
    infer: expect.any(Number),
    post: expect.any(Number),
  });
});

test('bytes that do not lie at a multiple of four are run all the same', async () => {
  const shifted = new Uint8Array(values.length * 4 + 1);
  shifted.set(floats(values), 1);
  const inputs = [{ ...tensor, bytes: shifted.subarray(1) }];
  const { outputs } = await engine.run({ kind: 'tensors', module: folder, inputs, outputs: ['out'] });
  expect([...(outputs[0]?.bytes ?? [])]).toEqual([...floats([0, 0.5, 1, 1.5])]);
});

test('an encoded picture is decoded for the input that takes pictures, and for no other', async () => {
  const run = (name: string) =>
    engine.run({ kind: 'tensors', module: folder, inputs: [{ name, image: Buffer.from('box!') }], outputs: [] });
  expect([...((await run('images')).outputs[0]?.bytes ?? [])]).toEqual([...floats([...Buffer.from('box!')])]);
  await expect(run('other')).rejects.toMatchObject({ code: 'model-no-picture' });
});

test('an output that the model does not have is named', async () => {
  const run = engine.run({ kind: 'tensors', module: folder, inputs: [tensor], outputs: ['absent'] });
  await expect(run).rejects.toMatchObject({ code: 'output-missing', message: 'the model gave no output "absent"' });
});
