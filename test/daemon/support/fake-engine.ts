// An engine child whose runtime is pretended, so that its process, its queue and its deaths can be tested without a compiler.
// The "picture" is a command in words: `box`, `sleep MS`, `crash`, `hang`, `bad`, `bug`, `crash-once FILE`.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { serveWork } from '../../../daemon/engine/child.js';
import type { EngineModel, EngineRuntime } from '../../../daemon/engine/worker.js';
import { OnboxError, type Picture } from '../../../runtime/index.js';

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

const runtime: EngineRuntime = {
  async decodePicture(bytes) {
    const data = Uint8Array.from(bytes);
    if (Buffer.from(data).toString('utf8').startsWith('bad')) {
      throw new OnboxError('this is no picture', { code: 'picture-unsupported' });
    }
    return { width: 640, height: 480, data };
  },
  async openModel(folder) {
    const state = readFileSync(join(folder, 'state'), 'utf8');
    if (state.startsWith('module-')) throw new OnboxError(`the module is ${state}`, { code: state });
    const image = { width: 640, height: 480 };
    const model: EngineModel = {
      async detect(picture, options) {
        await obey(picture as Picture);
        const box = { label: state, class: 0, confidence: 0.9, box: [1, 2, 3, 4] as const };
        return { image, objects: [box].slice(0, options?.max), ms };
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
