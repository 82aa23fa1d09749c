// The sample picture of daemon/embedded: one scene of scenes.ts, chosen for showing many classes. Written by
//   node dist/test/embedded/sample.js

import { join } from 'node:path';
import sharp from 'sharp';
import { embeddedFolder } from './reference.js';
import { drawScene, type Scene } from './scenes.js';

export const samplePath = join(embeddedFolder, 'sample.png');

export function drawSample(): Scene {
  return drawScene({ width: 640, height: 480, seed: 867 });
}

async function writeSample(): Promise<void> {
  const { data, width, height } = drawSample();
  await sharp(data, { raw: { width, height, channels: 3 } })
    .png({ compressionLevel: 9, adaptiveFiltering: true })
    .toFile(samplePath);
}

if (require.main === module) {
  writeSample().catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  });
}
