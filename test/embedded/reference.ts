// Runs the embedded models with onnxruntime-node and decodes them plainly: what onbox itself must answer, by other code.

import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import sharp from 'sharp';
import { type Detection, iou } from './accuracy.js';

export const embeddedFolder = join(__dirname, '..', '..', 'daemon', 'embedded');
export const detectorSize = 224;
export const classifierSize = 96;

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

export function openReference(file: string): Promise<InferenceSession> {
  return InferenceSession.create(join(embeddedFolder, file), { intraOpNumThreads: 1, logSeverityLevel: 3 });
}

/** Objects in pixels of `picture`, after suppression by class. */
export async function detectReference(session: InferenceSession, picture: Pixels, confidenceMin = 0.05): Promise<Detection[]> {
  const { tensor, scale, left, top } = await letterbox(picture, detectorSize);
  const output = (await session.run({ images: tensor }))['output0'];
  if (output === undefined) throw new Error('the detector has no output "output0"');
  const values = output.data as Float32Array;
  const [, rows = 0, count = 0] = output.dims;
  const found: Detection[] = [];
  for (let cell = 0; cell < count; cell++) {
    const at = (row: number): number => values[row * count + cell] ?? 0;
    for (let row = 4; row < rows; row++) {
      if (at(row) < confidenceMin) continue;
      const [x, y, w, h] = [(at(0) - left) / scale, (at(1) - top) / scale, at(2) / scale, at(3) / scale];
      found.push({ class: row - 4, confidence: at(row), box: [x - w / 2, y - h / 2, x + w / 2, y + h / 2] });
    }
  }
  return suppress(found, 0.45);
}

/** Probabilities by class. */
export async function classifyReference(session: InferenceSession, picture: Pixels): Promise<number[]> {
  const { tensor } = await letterbox(picture, classifierSize);
  const output = (await session.run({ images: tensor }))['output0'];
  if (output === undefined) throw new Error('the classifier has no output "output0"');
  return [...(output.data as Float32Array)];
}

function suppress(found: readonly Detection[], limit: number): Detection[] {
  const kept: Detection[] = [];
  for (const one of [...found].sort((a, b) => b.confidence - a.confidence)) {
    if (kept.every((other) => other.class !== one.class || iou(other.box, one.box) <= limit)) kept.push(one);
  }
  return kept;
}

async function letterbox(picture: Pixels, size: number) {
  const scale = size / Math.max(picture.width, picture.height);
  const [width, height] = [Math.round(picture.width * scale), Math.round(picture.height * scale)];
  const [left, top] = [Math.floor((size - width) / 2), Math.floor((size - height) / 2)];
  const raw = { width: picture.width, height: picture.height, channels: 3 as const };
  const small = await sharp(picture.data, { raw }).resize(width, height, { fit: 'fill', kernel: 'linear' }).raw().toBuffer();
  const data = new Float32Array(3 * size * size).fill(114 / 255);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < 3; c++) {
        data[(c * size + y + top) * size + x + left] = (small[(y * width + x) * 3 + c] ?? 0) / 255;
      }
    }
  }
  return { tensor: new Tensor('float32', data, [1, 3, size, size]), scale, left, top };
}
