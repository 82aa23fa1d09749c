// The embedded models as onbox runs them: compiled for this machine into a temporary folder, pictures and answers through vision/.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compileFile, openSession, readSidecar, visionModel } from '../../runtime/index.js';
import { type Engine, embeddedFolder } from './reference.js';

export async function openProduct(): Promise<Engine> {
  const folder = await mkdtemp(join(tmpdir(), 'onbox-embedded-'));
  const open = async (name: string) => {
    const path = join(embeddedFolder, `${name}.onnx`);
    const outFolder = join(folder, name);
    await compileFile(path, { ...(await readSidecar(path)), name, outFolder });
    return visionModel(await openSession(outFolder));
  };
  const detector = await open('shapes-detector');
  const classifier = await open('shapes-classifier');
  return {
    detect: async (picture, minConfidence) =>
      (await detector.detect(picture, { minConfidence })).objects.map((object) => object),
    classify: async (picture) => (await classifier.classify(picture, { top: 1 })).classes[0]?.class ?? -1,
    close: async () => {
      await detector.close();
      await classifier.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
