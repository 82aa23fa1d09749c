// The self-check that ends every compile: the module against the plain translation of the graph as it was imported, compiled without
// any schedule, layout or fusion, on an input that looks like a photo.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OnboxError } from '../core/error.js';
import { allocate, elementCount, type Tensor, type TensorType } from '../core/tensor.js';
import type { CpuDevice } from '../device/cpu.js';
import { evaluate } from '../graph/evaluate.js';
import type { Graph } from '../graph/graph.js';
import { assemble, type Parts } from './assemble.js';
import { buildModule } from './build.js';
import { imagePrologue } from './image.js';
import type { ImageInput, Manifest, SelfCheck } from './manifest.js';
import { type Session, startSession } from './session.js';

/** Largest difference that passes, relative to the largest magnitude of an output. */
export const selfCheckTolerance = 1e-3;

export interface Checked {
  readonly check: SelfCheck;
  /** Where it failed: the first value that differs, in execution order. */
  readonly firstDifference?: string;
}

export interface CheckRequest {
  /** As imported: the truth. */
  readonly plain: Graph;
  /** As compiled, with layouts. */
  readonly graph: Graph;
  readonly manifest: Manifest;
  /** The module under test. */
  readonly folder: string;
  readonly device: CpuDevice;
  /** Builds the module under test again with every value kept, to find the first that differs. */
  readonly assembleKept: () => Parts;
}

/** Runs the module and its truth side by side. */
export async function selfCheck(request: CheckRequest): Promise<Checked> {
  const scratch = await mkdtemp(join(tmpdir(), 'onbox-check-'));
  try {
    return await checkIn(scratch, request);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function checkIn(scratch: string, request: CheckRequest): Promise<Checked> {
  const { plain, manifest, folder, device } = request;
  const truth = assemble(plain, { schedule: () => [], isa: device.isa, keepValues: true });
  const truthFolder = join(scratch, 'truth');
  await buildModule(truthFolder, truth, device.isa, [...device.flags, '-O1']);
  const reference = startSession(truthFolder, manifestOf(manifest, plain, truth), 1);
  const session = startSession(folder, manifest, device.cores.count);
  try {
    const { feeds, pixels } = sampleInput(plain, manifest.image);
    const want = await reference.runTensors(feeds);
    const got = pixels === undefined ? await session.runTensors(feeds) : await session.runPixels(pixels);
    const outputs = manifest.outputs.map(({ name }) => ({
      name,
      maxRelativeError: relativeError(got.get(name), want.get(name)),
    }));
    const worst = outputs.reduce((most, { maxRelativeError }) => (maxRelativeError > most ? maxRelativeError : most), 0);
    const passed = outputs.every(({ maxRelativeError }) => maxRelativeError <= selfCheckTolerance);
    const check = { passed, maxRelativeError: worst, outputs };
    if (passed) return { check };
    const first = await firstDifference(scratch, request, { reference, truth, feeds });
    return first === undefined ? { check } : { check, firstDifference: first };
  } finally {
    reference.close();
    session.close();
  }
}

interface Truth {
  readonly reference: Session;
  readonly truth: Parts;
  readonly feeds: ReadonlyMap<string, Tensor>;
}

async function firstDifference(
  scratch: string,
  request: CheckRequest,
  { reference, truth, feeds }: Truth,
): Promise<string | undefined> {
  const { graph, plain, manifest, device } = request;
  const parts = request.assembleKept();
  const folder = join(scratch, 'kept');
  await buildModule(folder, parts, device.isa, [...device.flags, '-O2']);
  const session = startSession(folder, manifestOf(manifest, graph, parts), device.cores.count);
  try {
    await session.runTensors(feeds);
    for (const node of graph.nodes) {
      for (const value of node.outputs) {
        const type = plain.types.get(value);
        const [here, there] = [parts.offsets.get(value), truth.offsets.get(value)];
        if (type === undefined || here === undefined || there === undefined || graph.layouts.has(value)) continue;
        const error = relativeError(session.view(here, type), reference.view(there, type));
        if (!(error <= selfCheckTolerance)) return value;
      }
    }
    return undefined;
  } finally {
    session.close();
  }
}

function manifestOf(manifest: Manifest, graph: Graph, parts: Parts): Manifest {
  const { image: _, ...rest } = manifest;
  return { ...rest, arenaBytes: parts.arenaBytes, plans: [parts.plans[0] ?? []], outputs: outputsOf(graph, parts) };
}

/** Where the outputs of a graph lie. */
export function outputsOf(graph: Graph, parts: Parts): Manifest['outputs'] {
  return graph.outputs.map(({ name, value }) => {
    const type = graph.types.get(value);
    const offset = parts.offsets.get(value);
    if (type === undefined || offset === undefined)
      throw new OnboxError(`output ${JSON.stringify(name)} is computed nowhere`, { code: 'output-constant' });
    return { name, dtype: type.dtype, shape: type.shape, offset };
  });
}

/** The largest |got - want| over the largest |want|; infinite where one is NaN or missing and the other is not. */
export function relativeError(got: Tensor | undefined, want: Tensor | undefined): number {
  if (got === undefined || want === undefined || got.data.length !== want.data.length) return Number.POSITIVE_INFINITY;
  let difference = 0;
  let magnitude = 0;
  for (let i = 0; i < want.data.length; i++) {
    const [a, b] = [Number(got.data[i]), Number(want.data[i])];
    if (Number.isNaN(a) !== Number.isNaN(b)) return Number.POSITIVE_INFINITY;
    if (a === b || Number.isNaN(a)) continue;
    difference = Math.max(difference, Math.abs(a - b));
    magnitude = Math.max(magnitude, Math.abs(b));
  }
  for (const value of want.data) magnitude = Math.max(magnitude, Math.abs(Number(value)) || 0);
  return difference === 0 ? 0 : difference / (Number.isFinite(magnitude) && magnitude > 0 ? magnitude : 1);
}

/** A picture and the tensor that it means, or noise where the model takes no picture. The same every time. */
function sampleInput(graph: Graph, image: ImageInput | undefined): { feeds: ReadonlyMap<string, Tensor>; pixels?: Uint8Array } {
  const random = generator();
  const feeds = new Map<string, Tensor>();
  for (const name of graph.inputs) feeds.set(name, noise(graph.types.get(name) as TensorType, random));
  if (image === undefined) return { feeds };
  const pixels = photo(image.width, image.height, random);
  const prologue = imagePrologue(graph, image.input, image);
  const picture: Tensor = { dtype: 'u8', shape: [1, image.height, image.width, 3], data: pixels };
  const tensor = evaluate(prologue.graph, new Map([['pixels', picture]])).get(image.input);
  if (tensor !== undefined) feeds.set(image.input, tensor);
  return { feeds, pixels };
}

/** Smooth areas, edges and grain: u8[h,w,3]. */
function photo(width: number, height: number, random: () => number): Uint8Array {
  const pixels = new Uint8Array(width * height * 3);
  const blobs = Array.from({ length: 12 }, () => ({
    x: random() * width,
    y: random() * height,
    radius: (0.05 + random() * 0.3) * Math.max(width, height),
    color: [random() * 255, random() * 255, random() * 255],
    hard: random() < 0.5,
  }));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let channel = 0; channel < 3; channel++) {
        let value = 90 + (60 * y) / height + 30 * Math.sin(x / 17 + channel);
        for (const { x: cx, y: cy, radius, color, hard } of blobs) {
          const distance = Math.hypot(x - cx, y - cy) / radius;
          if (distance < 1) value += ((color[channel] ?? 0) - value) * (hard ? 0.9 : 1 - distance);
        }
        pixels[(y * width + x) * 3 + channel] = Math.max(0, Math.min(255, value + (random() - 0.5) * 16));
      }
    }
  }
  return pixels;
}

function noise(type: TensorType, random: () => number): Tensor {
  const data = allocate(type.dtype, elementCount(type.shape));
  const real = type.dtype === 'f32' || type.dtype === 'f64';
  for (let i = 0; i < data.length; i++) {
    const value = real ? random() * 2 - 1 : Math.floor(random() * 2);
    if (data instanceof BigInt64Array || data instanceof BigUint64Array) data[i] = BigInt(Math.trunc(value));
    else data[i] = value;
  }
  return { ...type, data };
}

/** Numerical Recipes' linear congruential generator: good enough for pictures, and the same everywhere. */
function generator(): () => number {
  let state = 20240607;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296;
  };
}
