// Runs the embedded models with onnxruntime-node and decodes them plainly: what onbox itself must answer, by other code.
// Pictures are fitted as the models were trained: letterboxed on grey 114, RGB 0..1.

import { once } from 'node:events';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import sharp from 'sharp';
import { packageFolder } from '../../daemon/root.js';
import { type Detection, iou } from './accuracy.js';

// Taken out once: under jest every look at a global object costs much, and these are called for each pixel.
const { floor, max, round } = Math;

export const embeddedFolder = join(packageFolder(), 'daemon', 'embedded');
const detectorSize = 224;
const classifierSize = 96;

/** RGB, row-major, 3 bytes a pixel. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** A JPEG file's worth of loss. */
export async function compressPixels(picture: Pixels, quality: number): Promise<Pixels> {
  const raw = { width: picture.width, height: picture.height, channels: 3 as const };
  const file = await sharp(picture.data, { raw }).jpeg({ quality }).toBuffer();
  const data = await sharp(file).raw().toBuffer();
  return { width: picture.width, height: picture.height, data: new Uint8Array(data) };
}

/** Something that runs the two embedded models. */
export interface Engine {
  /** Objects of at least `confidenceMin`, in pixels of `picture`, after suppression by class. */
  detect(picture: Pixels, confidenceMin: number): Promise<Detection[]>;
  /** The most probable class. */
  classify(picture: Pixels): Promise<number>;
  close(): Promise<void>;
}

export async function openReference(): Promise<Engine> {
  const detector = await openPeer('shapes-detector.onnx');
  const classifier = await openPeer('shapes-classifier.onnx');
  return {
    detect: async (picture, confidenceMin) => {
      const fitted = await letterbox(picture, detectorSize);
      return suppress(decode(await run(detector, fitted, detectorSize), fitted, confidenceMin), 0.45);
    },
    classify: async (picture) => {
      const { data } = await run(classifier, await letterbox(picture, classifierSize), classifierSize);
      return data.indexOf(max(...data));
    },
    close: async () => {
      await detector.terminate();
      await classifier.terminate();
    },
  };
}

/** The only output of a model. */
interface Answer {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

/** onnxruntime-node in a thread of its own, as the tests of vision/ have it. */
async function openPeer(file: string): Promise<Worker> {
  const script = join(packageFolder(), 'test', 'vision', 'peer-worker.js');
  const worker = new Worker(script, { workerData: { path: join(embeddedFolder, file) } });
  await once(worker, 'message');
  return worker;
}

async function run(peer: Worker, { values }: Fitted, size: number): Promise<Answer> {
  peer.postMessage({ name: 'images', shape: [1, 3, size, size], data: values });
  const [[answer]] = (await once(peer, 'message')) as [[Answer]];
  return answer;
}

/** Where a picture lies in its letterbox: its scale and its corner. */
interface Fitted {
  /** f32[1,3,size,size], RGB 0..1. */
  readonly values: Float32Array;
  readonly scale: number;
  readonly left: number;
  readonly top: number;
}

/** Every score above the limit, from f32[1,4+classes,cells] as YOLOv8 has it. */
function decode({ data: values, dims }: Answer, { scale, left, top }: Fitted, confidenceMin: number): Detection[] {
  const [, rows = 0, count = 0] = dims;
  const found: Detection[] = [];
  for (let cell = 0; cell < count; cell++) {
    const at = (row: number): number => values[row * count + cell] ?? 0;
    for (let row = 4; row < rows; row++) {
      if (at(row) < confidenceMin) continue;
      const [x, y, w, h] = [(at(0) - left) / scale, (at(1) - top) / scale, at(2) / scale, at(3) / scale];
      found.push({ class: row - 4, confidence: at(row), box: [x - w / 2, y - h / 2, x + w / 2, y + h / 2] });
    }
  }
  return found;
}

function suppress(found: readonly Detection[], limit: number): Detection[] {
  const kept: Detection[] = [];
  for (const one of [...found].sort((a, b) => b.confidence - a.confidence)) {
    if (kept.every((other) => other.class !== one.class || iou(other.box, one.box) <= limit)) kept.push(one);
  }
  return kept;
}

async function letterbox(picture: Pixels, size: number): Promise<Fitted> {
  const scale = size / max(picture.width, picture.height);
  const [width, height] = [round(picture.width * scale), round(picture.height * scale)];
  const [left, top] = [floor((size - width) / 2), floor((size - height) / 2)];
  const raw = { width: picture.width, height: picture.height, channels: 3 as const };
  const small = await sharp(picture.data, { raw }).resize(width, height, { fit: 'fill', kernel: 'linear' }).raw().toBuffer();
  const values = new Float32Array(3 * size * size).fill(114 / 255);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < 3; c++) {
        values[(c * size + y + top) * size + x + left] = (small[(y * width + x) * 3 + c] ?? 0) / 255;
      }
    }
  }
  return { values, scale, left, top };
}
