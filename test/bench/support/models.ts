// The models that speed is measured on: the float32 ones of the shared test data, and networks that code builds with random weights.

import { existsSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OnboxError } from '../../../runtime/core/error.js';
import { sharedData } from '../../support/data.js';
import { mobilenetV1, resnet18, resnet50, vgg16, vitB16 } from '../../support/networks.js';

export interface BenchModel {
  readonly name: string;
  /** Path of its ONNX file, which is written to `folder` if code builds it; undefined where the test data is missing. */
  readonly locate: (folder: string) => Promise<string | undefined>;
}

const shared = [
  'mnist',
  'resnet20_cifar10',
  'squeezenet1.0',
  'mobilenetv2_fp32deq',
  'person_reid_0288',
  'ultraface_rfb_320',
  'yunet_n_320',
  'nanodet_m_320',
  'yolox_nano_416',
  'yolov5n_640',
  'yolov8n_640_fp32deq',
  'light/light_squeezenet',
  'light/light_shufflenet',
  'light/light_inception_v1',
  'light/light_densenet121',
  'light/light_resnet50',
] as const;

const built = { mobilenet_v1: mobilenetV1, resnet18, resnet50, vgg16, vit_b16: vitB16 };

/** All of them, the small ones first. */
export function benchModels(): readonly BenchModel[] {
  return [
    ...shared.map((path) => ({
      name: path.replace(/^light\//, ''),
      locate: async () => sharedData('models', `${path}.onnx`),
    })),
    ...Object.entries(built).map(([name, build]) => ({ name, locate: (folder: string) => writeOnce(folder, name, build) })),
  ];
}

/** Those that are named, in the order of `models`; all if none is. @throws OnboxError `usage` for a name that none has */
export function selectModels(models: readonly BenchModel[], names: readonly string[]): readonly BenchModel[] {
  const unknown = names.find((name) => !models.some((model) => model.name === name));
  if (unknown !== undefined) {
    const known = models.map(({ name }) => name).join(', ');
    throw new OnboxError(`no model ${JSON.stringify(unknown)}; there are: ${known}`, { code: 'usage' });
  }
  return names.length === 0 ? models : models.filter(({ name }) => names.includes(name));
}

async function writeOnce(folder: string, name: string, build: () => Uint8Array): Promise<string> {
  const path = join(folder, `${name}.onnx`);
  if (!existsSync(path)) {
    const partial = `${path}.${process.pid}`;
    await writeFile(partial, build());
    await rename(partial, path);
  }
  return path;
}
