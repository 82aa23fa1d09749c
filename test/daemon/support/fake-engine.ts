// An engine child whose runtime is pretended, so that its process, its queue and its deaths can be tested without a compiler.
// The "picture" is a command in words: `box`, `sleep MS`, `crash`, `hang`, `bad`, `bug`, `crash-once FILE`.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { serveWork } from '../../../daemon/engine/child.js';
import type { EngineModel, EngineRuntime } from '../../../daemon/engine/worker.js';
import { type ImageInput, OnboxError, type Picture, type Tensor } from '../../../runtime/index.js';

const ms = { decode: 1, infer: 2, post: 3 };

async function obey(picture: Picture): Promise<void> {
  const [verb, argument = ''] = Buffer.from(picture.data).toString('utf8').split(' ');
  if (verb === 'sleep') await new Promise((resolve) => setTimeout(resolve, Number(argument)));
  if (verb === 'crash') process.kill(process.pid, 'SIGKILL');
  if (verb === 'crash-once' && !existsSync(argument)) {
    writeFileSync(argument, 'crashed');
    process.kill(process.pid, 'SIGKILL');
  }
  if (verb === 'hang') await new Promise(() => undefined);
  if (verb === 'bug') throw new Error('secret of the engine');
}

/**
 * The model of fake-compiler.ts: its output is the first four values of its input, or bytes of its picture. Who asks for `all` gets the
 * whole input.
 */
function fakeSession(): EngineModel['session'] {
  const out = (data: Tensor['data']) => new Map<string, Tensor>([['out', { dtype: 'f32', shape: [1, 4], data }]]);
  return {
    manifest: {
      inputs: [{ name: 'images', dtype: 'f32', shape: [1, 3, 8, 8] }],
      outputs: [{ name: 'out', dtype: 'f32', shape: [1, 4], offset: 0 }],
      image: { input: 'images', width: 8, height: 8 } as ImageInput,
    },
    runTensors: async (inputs) => {
      const images = inputs.get('images');
      const outputs = out(images?.data.slice(0, 4) ?? new Float32Array(4));
      return images === undefined ? outputs : outputs.set('all', images);
    },
    runPixels: async (pixels) => out(Float32Array.from(pixels.slice(0, 4))),
  };
}

const runtime: EngineRuntime = {
  fitPicture: ({ data }) => ({ pixels: data }),
  async decodePicture(bytes) {
    const data = Uint8Array.from(ArrayBuffer.isView(bytes) ? bytes : bytes.bytes);
    if (Buffer.from(data).toString('utf8').startsWith('bad')) {
      throw new OnboxError('this is no picture', { code: 'picture-unsupported' });
    }
    return { width: 640, height: 480, data };
  },
  async openModel(folder, { admit }) {
    const path = join(folder, 'state');
    // A module without its files is damaged, as the runtime says too.
    const state = existsSync(path) ? readFileSync(path, 'utf8') : 'module-damaged';
    // Every model takes as much.
    await admit?.(1024 * 1024);
    if (state.startsWith('module-')) throw new OnboxError(`the module is ${state}`, { code: state });
    const image = { width: 640, height: 480 };
    const model: EngineModel = {
      session: fakeSession(),
      async detect(picture, options) {
        await obey(picture as Picture);
        const box = { label: state, class: 0, confidence: 0.9, box: [1, 2, 3, 4] as const };
        const objects = [box].filter(({ label }) => options?.labels?.includes(label) !== false);
        return { image, objects: objects.slice(0, options?.max), ms };
      },
      async classify(picture, options) {
        await obey(picture as Picture);
        return { image, classes: [{ label: state, class: 0, confidence: 1 }].slice(0, options?.top), ms };
      },
      async close() {},
    };
    return model;
  },
};

serveWork(runtime, process.argv.slice(2));
