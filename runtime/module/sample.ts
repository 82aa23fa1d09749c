// What a fresh module is tried on: a picture drawn by formula that looks enough like a photo, and the tensor that it means, or noise
// where the model takes no picture. The same every time.

import { allocate, elementCount, isFloat, type Tensor, type TensorData, type TensorType } from '../core/tensor.js';
import { evaluate } from '../graph/evaluate.js';
import { isBig } from '../graph/numbers.js';
import { imageGraph, pixelTypesOf } from './image.js';
import type { ImageInput, ModuleInput, Pixels } from './manifest.js';

export interface Sample {
  /** By name of the input. */
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** The picture that the tensor of the image input stands for, in every type that the module takes. */
  readonly pictures: readonly Pixels[];
}

export function makeSample(inputs: readonly ModuleInput[], image: ImageInput | undefined): Sample {
  const random = generator();
  const tensors = new Map(inputs.map((input): [string, Tensor] => [input.name, noise(input, random)]));
  if (image === undefined) return { tensors, pictures: [] };
  const pixels = drawPhoto(image.width, image.height, random);
  const picture: Tensor = { dtype: 'u8', shape: [1, image.height, image.width, 3], data: pixels };
  const [tensor] = evaluate(imageGraph(image), new Map([['pixels', picture]])).values();
  if (tensor !== undefined) tensors.set(image.input, tensor);
  const pictures = pixelTypesOf(image).map((type) =>
    type === 'u8' ? pixels : Uint16Array.from(pixels, (value) => value * 256),
  );
  return { tensors, pictures };
}

/** Floats of -1..1; whole numbers of 0 and 1, which are good as numbers, indices and truths. */
function noise({ dtype, shape }: TensorType, random: () => number): Tensor {
  const data: TensorData = allocate(dtype, elementCount(shape));
  for (let i = 0; i < data.length; i++) {
    if (isFloat(dtype)) data[i] = random() * 2 - 1;
    else if (isBig(dtype)) data[i] = BigInt(Math.floor(random() * 2));
    else data[i] = Math.floor(random() * 2);
  }
  return { dtype, shape, data };
}

interface Spot {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  readonly color: readonly number[];
  /** With an edge, or fading out. */
  readonly isSharp: boolean;
}

/** Smooth areas, edges and grain: u8[h,w,3]. */
function drawPhoto(width: number, height: number, random: () => number): Uint8Array {
  const pixels = new Uint8Array(width * height * 3);
  const spots = Array.from({ length: 12 }, () => drawSpot(width, height, random));
  const color = [0, 0, 0];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let channel = 0; channel < 3; channel++) color[channel] = 90 + (60 * y) / height + 30 * Math.sin(x / 17 + channel);
      for (const spot of spots) paint(color, spot, x, y);
      for (let channel = 0; channel < 3; channel++) {
        const grainy = (color[channel] as number) + (random() - 0.5) * 16;
        pixels[(y * width + x) * 3 + channel] = Math.max(0, Math.min(255, grainy));
      }
    }
  }
  return pixels;
}

function drawSpot(width: number, height: number, random: () => number): Spot {
  return {
    x: random() * width,
    y: random() * height,
    radius: (0.05 + random() * 0.3) * Math.max(width, height),
    color: [random() * 255, random() * 255, random() * 255],
    isSharp: random() < 0.5,
  };
}

function paint(color: number[], spot: Spot, x: number, y: number): void {
  const distance = Math.hypot(x - spot.x, y - spot.y) / spot.radius;
  if (distance >= 1) return;
  const share = spot.isSharp ? 0.9 : 1 - distance;
  for (let channel = 0; channel < 3; channel++) {
    color[channel] = (color[channel] as number) * (1 - share) + (spot.color[channel] as number) * share;
  }
}

/** Numerical Recipes' linear congruential generator: good enough for pictures, and the same everywhere. */
function generator(): () => number {
  let state = 20240607;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296;
  };
}
