// A module in halves: it is held against float32 on a sample, and the layers whose rounding costs most are given back their float32, as
// they are measured, until the whole holds.

import type { Tensor } from '../core/tensor.js';
import type { Graph } from '../graph/graph.js';
import { numbersOf } from '../graph/numbers.js';
import { storeHalves } from '../graph/passes/halves.js';
import { verify } from '../graph/verify.js';
import { isHosted } from '../lower/host.js';
import type { Built } from './build.js';
import { cosineOf, errorOf } from './compare.js';
import { type Ran, type ValueError, valueErrors } from './difference.js';
import type { FallenLayer, ImageInput, Precision, PrecisionReport, SelfCheck, Task } from './manifest.js';
import { makeSample, type Sample } from './sample.js';
import { type CheckRequest, selfCheck, start } from './self-check.js';

/**
 * Largest error of an output, of its largest magnitude, and least cosine that pass. A half has 11 bits: one rounding is 5e-4 at most,
 * and what dozens of layers add up to stays below 20 of them.
 */
const errorMax = 1e-2;
const cosineMin = 0.999;

/** Of the layers that are still in halves, the share that falls back in each round; after the last none is left. */
const shares = [1 / 16, 1 / 8, 1 / 4, 1 / 2, 1] as const;

export interface NarrowRequest {
  /** Laid out, all float32. */
  readonly graph: Graph;
  readonly truth: Built;
  readonly image: ImageInput | undefined;
  readonly task: Task;
  readonly threads: number;
  readonly precision: Exclude<Precision, 'fp32'>;
  /** Computes in halves what can be. */
  readonly isNarrow: boolean;
  /** Builds a module in a folder of this name. */
  readonly build: (name: string, graph: Graph, memory: 'shared' | 'kept') => Promise<Built>;
}

export interface Narrowed {
  readonly built: Built;
  readonly check: SelfCheck;
  readonly precision: PrecisionReport;
}

/**
 * Builds a graph in halves, with as many of its layers as the gate lets pass.
 * @throws OnboxError of `build`; `self-check-failed` where float32 itself does not pass
 */
export async function narrow(request: NarrowRequest): Promise<Narrowed> {
  const { precision, build } = request;
  const fallen: ValueError[] = [];
  for (const [round, share] of [0, ...shares].entries()) {
    if (share > 0) fallen.push(...(await worstLayers(request, round, fallen, share)));
    const names = new Set(fallen.map(({ stored }) => stored));
    const narrowed = verify(halvesOf(request, names));
    const layers = layersOf(narrowed).length;
    if (layers === 0) break;
    const built = await build(`halves${round}`, narrowed, 'shared');
    const agreement = await compareWithTruth(request, built);
    if (!isWithin(agreement)) continue;
    const { check, ...measured } = agreement;
    return {
      built,
      check,
      precision: { precision, ...measured, layers, narrow: narrowed.narrow?.size ?? 0, float32: fallen.map(publicOf) },
    };
  }
  return await stayWide(request, fallen);
}

/** @param layers stay float32 */
function halvesOf({ graph, isNarrow }: NarrowRequest, layers: ReadonlySet<string>): Graph {
  return storeHalves(graph, { layers, isHosted, isNarrow });
}

/** Nothing is stored in halves. */
async function stayWide(request: NarrowRequest, fallen: readonly ValueError[]): Promise<Narrowed> {
  const { graph, build, precision } = request;
  const built = await build('wide', graph, 'shared');
  const own = checkRequest(request, built);
  const check = await selfCheck({ ...own, trace: () => build('wide-traced', graph, 'kept') });
  const { check: _, ...measured } = await compareWithTruth(request, built);
  return { built, check, precision: { precision, ...measured, layers: 0, narrow: 0, float32: fallen.map(publicOf) } };
}

function checkRequest({ truth, image, threads }: NarrowRequest, module: Built): Omit<CheckRequest, 'trace'> {
  return { module, truth, image, threads };
}

function publicOf({ value, operators }: ValueError): FallenLayer {
  return { value, operators };
}

/** The values that kernels store in halves. */
function layersOf({ nodes, halves }: Graph): readonly string[] {
  return nodes.flatMap(({ outputs }) => outputs.filter((value) => halves?.has(value)));
}

interface Agreement extends Pick<PrecisionReport, 'maxRelativeError' | 'cosine' | 'sameClass'> {
  readonly check: SelfCheck;
}

function isWithin({ maxRelativeError, cosine, sameClass = true }: Agreement): boolean {
  return maxRelativeError <= errorMax && cosine >= cosineMin && sameClass;
}

/** Runs every plan beside the truth. */
async function compareWithTruth(request: NarrowRequest, module: Built): Promise<Agreement> {
  const isClassifier = request.task === 'classify';
  return await besideTruth(request, module, async (tested, truth, sample) => {
    const want = await truth.session.runTensors(sample.tensors);
    const errors = new Map([...want.keys()].map((name) => [name, 0]));
    let cosine = 1;
    let sameClass = true;
    const look = (outputs: ReadonlyMap<string, Tensor>): void => {
      for (const [name, tensor] of want) {
        const got = outputs.get(name);
        errors.set(name, Math.max(errors.get(name) ?? 0, errorOf(got, tensor)));
        if (got === undefined) continue;
        cosine = Math.min(cosine, cosineOf(got, tensor));
        if (isClassifier && largestOf(got) !== largestOf(tensor)) sameClass = false;
      }
    };
    look(await tested.session.runTensors(sample.tensors));
    for (const pixels of sample.pictures) look(await tested.session.runPixels(pixels));
    const outputs = [...errors].map(([name, error]) => ({ name, maxRelativeError: error }));
    const maxRelativeError = Math.max(0, ...errors.values());
    const check = { passed: maxRelativeError <= errorMax, maxRelativeError, outputs };
    return { check, maxRelativeError, cosine, ...(isClassifier ? { sameClass } : {}) };
  });
}

async function besideTruth<T>(
  { truth: plain, image, threads }: NarrowRequest,
  module: Built,
  run: (tested: Ran, truth: Ran, sample: Sample) => Promise<T>,
): Promise<T> {
  const truth = start(plain, undefined, threads);
  const tested = start(module, image, threads);
  try {
    return await run(tested, truth, makeSample(tested.session.manifest.inputs, image));
  } finally {
    truth.session.close();
    tested.session.close();
  }
}

function largestOf(tensor: Tensor): number {
  const values = numbersOf(tensor);
  let best = 0;
  for (let i = 1; i < values.length; i++) if ((values[i] as number) > (values[best] as number)) best = i;
  return best;
}

/** Of the layers in halves those that add most to the error of what they read: at least one, else `share` of them. */
async function worstLayers(
  request: NarrowRequest,
  round: number,
  fallen: readonly ValueError[],
  share: number,
): Promise<readonly ValueError[]> {
  const names = new Set(fallen.map(({ stored }) => stored));
  const narrowed = halvesOf(request, names);
  const kept = await request.build(`traced${round}`, narrowed, 'kept');
  return await besideTruth(request, kept, async (traced, truth, { tensors }) => {
    await truth.session.runTensors(tensors);
    await traced.session.runTensors(tensors);
    const errors = new Map<string, number>();
    const growths: { readonly layer: ValueError; readonly growth: number }[] = [];
    for (const layer of valueErrors(traced, truth, tensors)) {
      errors.set(layer.stored, layer.error);
      if (narrowed.halves?.has(layer.stored)) growths.push({ layer, growth: growthOf(layer, errors) });
    }
    growths.sort((a, b) => b.growth - a.growth);
    return growths.slice(0, Math.ceil(growths.length * share)).map(({ layer }) => layer);
  });
}

/** What a layer adds to the largest error of what it reads; nothing where that is endless already. */
function growthOf({ node, error }: ValueError, errors: ReadonlyMap<string, number>): number {
  const before = Math.max(0, ...node.inputs.map((value) => errors.get(value) ?? 0));
  return Number.isFinite(before) ? error - before : 0;
}
