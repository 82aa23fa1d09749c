// A manifest from disk, field by field: a wrong type, a number out of range or a file outside of the folder is an error that names the
// field. What comes out holds checked fields only.

import {
  type BufferRef,
  type ClLaunch,
  type Grid,
  type HostLaunch,
  hostRoutines,
  type Launch,
  type NpuLaunch,
  type Space,
} from '../../addon/index.js';
import { dtypeBytes, elementCount } from '../core/tensor.js';
import { dtypes } from '../graph/numbers.js';
import { readNpu } from './check-npu.js';
import { readPrecision } from './check-precision.js';
import {
  listMax,
  listOf,
  oneOf,
  optional,
  positiveTo,
  type Reader,
  readDigest,
  readFields,
  readNumber,
  readText,
  readTruth,
  wholeTo,
  wrong,
} from './fields.js';
import { isModuleFile } from './files.js';
import { pixelTypesOf } from './image.js';
import {
  type HeadSpec,
  type ImageInput,
  type KernelInfo,
  type Manifest,
  type ModuleInput,
  type ModuleOutput,
  type OpenclPart,
  openclSwitches,
  type SelfCheck,
} from './manifest.js';

/** Far beyond any model, and small enough that nothing overflows. */
const bytesMax = 2 ** 40;
const extentMax = 2 ** 31;
const pictureSideMax = 16_384;
const otherSizesMax = 64;
const offsetAlignment = 8;
/** Beyond the work-groups of any device. */
const workGroupMax = 4096;
/** Offsets of OpenCL kernels are of 32 bits. */
const openclBytesMax = 2 ** 32 - 1;

/**
 * @param value of JSON.parse
 * @throws OnboxError `module-damaged` naming the field
 */
export function manifestOf(value: unknown): Manifest {
  const fields = readFields(value, 'the manifest');
  const arenaBytes = wholeTo(bytesMax)(fields['arenaBytes'], 'arenaBytes');
  const inputs = listOf(readInput)(fields['inputs'], 'inputs');
  const image = optional(readImage)(fields['image'], 'image');
  const head = optional(readHead)(fields['head'], 'head');
  const kernels = listOf(readKernel)(fields['kernels'], 'kernels');
  const otherSizes = optional(wholeTo(otherSizesMax))(fields['otherSizes'], 'otherSizes');
  const target = oneOf('cpu', 'opencl')(fields['target'], 'target');
  const opencl = target === 'cpu' ? undefined : readOpencl(fields['opencl'], 'opencl');
  const npu = target === 'cpu' ? optional(readNpu)(fields['npu'], 'npu') : undefined;
  const precision = optional(readPrecision)(fields['precision'], 'precision');
  const weightBytes = wholeTo(bytesMax)(fields['weightBytes'], 'weightBytes');
  const plans = readPlans(
    fields['plans'],
    1 + (image === undefined ? 0 : pixelTypesOf(image).length),
    inputs.length,
    kernels.length,
  );
  requireRegions(plans, npu?.regions.length ?? 0);
  requireTarget(plans, opencl, Math.max(arenaBytes, weightBytes));
  return {
    format: wholeTo(listMax)(fields['format'], 'format'),
    name: readText(fields['name'], 'name'),
    compiler: readText(fields['compiler'], 'compiler'),
    modelDigest: readDigest(fields['modelDigest'], 'modelDigest'),
    target,
    fingerprint: readText(fields['fingerprint'], 'fingerprint'),
    task: oneOf('detect', 'classify', 'embed', 'other')(fields['task'], 'task'),
    labels: listOf(readText)(fields['labels'], 'labels'),
    ...(image === undefined ? {} : { image }),
    ...(head === undefined ? {} : { head }),
    inputs,
    outputs: listOf((output, where) => readOutput(output, where, arenaBytes))(fields['outputs'], 'outputs'),
    kernels,
    plans,
    ...(opencl === undefined ? {} : { opencl }),
    ...(npu === undefined ? {} : { npu }),
    ...(otherSizes === undefined ? {} : { otherSizes }),
    arenaBytes,
    weightBytes,
    files: readFiles(fields['files'], 'files'),
    selfCheck: readSelfCheck(fields['selfCheck'], 'selfCheck'),
    ...(precision === undefined ? {} : { precision }),
    compileSeconds: readNumber(fields['compileSeconds'], 'compileSeconds'),
  };
}

const readInput: Reader<ModuleInput> = (value, where) => {
  const fields = readFields(value, where);
  const input = {
    name: readText(fields['name'], `${where}.name`),
    dtype: oneOf(...dtypes)(fields['dtype'], `${where}.dtype`),
    shape: listOf(wholeTo(extentMax))(fields['shape'], `${where}.shape`),
  };
  if (!(elementCount(input.shape) * dtypeBytes(input.dtype) <= bytesMax)) throw wrong(`${where}.shape`, 'smaller', input.shape);
  return input;
};

function readOutput(value: unknown, where: string, arenaBytes: number): ModuleOutput {
  const input = readInput(value, where);
  const { open, ...fields } = readFields(value, where);
  const offset = wholeTo(bytesMax)(fields['offset'], `${where}.offset`);
  const end = offset + elementCount(input.shape) * dtypeBytes(input.dtype);
  if (end > arenaBytes || offset % offsetAlignment !== 0) throw wrong(`${where}.offset`, 'inside the arena', offset);
  return open === undefined
    ? { ...input, offset }
    : { ...input, offset, open: readOpen(open, `${where}.open`, input, arenaBytes) };
}

function readOpen(
  value: unknown,
  where: string,
  { shape }: ModuleInput,
  arenaBytes: number,
): NonNullable<ModuleOutput['open']> {
  const { axis, offset } = readFields(value, where);
  const open = { axis: wholeTo(extentMax)(axis, `${where}.axis`), offset: wholeTo(bytesMax)(offset, `${where}.offset`) };
  if (open.axis >= shape.length) throw wrong(`${where}.axis`, `below ${shape.length}`, axis);
  if (open.offset + dtypeBytes('i64') > arenaBytes || open.offset % offsetAlignment !== 0)
    throw wrong(`${where}.offset`, 'inside the arena', offset);
  return open;
}

const readKernel: Reader<KernelInfo> = (value, where) => {
  const fields = readFields(value, where);
  const schedule = optional(readText)(fields['schedule'], `${where}.schedule`);
  return {
    title: readText(fields['title'], `${where}.title`),
    flops: readNumber(fields['flops'], `${where}.flops`),
    ...(schedule === undefined ? {} : { schedule }),
  };
};

function readPlans(
  value: unknown,
  count: number,
  inputCount: number,
  kernelCount: number,
): (Launch | HostLaunch | ClLaunch | NpuLaunch)[][] {
  const plans = listOf(listOf(readLaunch))(value, 'plans');
  if (plans.length !== count) throw wrong('plans', `a list of ${count}`, plans.length);
  for (const [plan, launches] of plans.entries()) {
    for (const launch of launches) {
      const { buffers } = launch;
      const isInput = ({ space, offset }: BufferRef) => space !== 'input' || offset < inputCount + plan;
      if ('kernel' in launch && launch.kernel >= kernelCount)
        throw wrong(`plans[${plan}]`, `of kernels below ${kernelCount}`, launch.kernel);
      if (!buffers.every(isInput))
        throw wrong(
          `plans[${plan}]`,
          `of inputs below ${inputCount + plan}`,
          buffers.map((b) => b.offset),
        );
    }
  }
  return plans;
}

const readLaunch: Reader<Launch | HostLaunch | ClLaunch | NpuLaunch> = (value, where) => {
  const { kernel, extent, global, local, buffers, routine, region, fallback } = readFields(value, where);
  if (region !== undefined) {
    return {
      region: wholeTo(listMax)(region, `${where}.region`),
      fallback: wholeTo(listMax)(fallback, `${where}.fallback`),
      buffers: listOf(readBuffer)(buffers, `${where}.buffers`),
    };
  }
  const common = {
    kernel: wholeTo(listMax)(kernel, `${where}.kernel`),
    buffers: listOf(readBuffer)(buffers, `${where}.buffers`),
  };
  if (global !== undefined) return { ...common, ...readGrids(global, local, where) };
  const launch = { ...common, extent: wholeTo(bytesMax)(extent, `${where}.extent`) };
  return routine === undefined ? launch : { ...launch, routine: oneOf(...hostRoutines)(routine, `${where}.routine`) };
};

function readGrids(globalValue: unknown, localValue: unknown, where: string): Pick<ClLaunch, 'global' | 'local'> {
  const global = readGrid(globalValue, `${where}.global`);
  const local = readGrid(localValue, `${where}.local`);
  if (local[0] * local[1] * local[2] > workGroupMax) throw wrong(`${where}.local`, `at most ${workGroupMax} work-items`, local);
  if (global.some((extent, i) => extent % (local[i] ?? 1) !== 0))
    throw wrong(`${where}.global`, 'of whole work-groups', global);
  return { global, local };
}

const readGrid: Reader<Grid> = (value, where) => {
  const [x, y, z, ...rest] = listOf(positiveTo(extentMax))(value, where);
  if (x === undefined || y === undefined || z === undefined || rest.length > 0) throw wrong(where, 'a list of 3', value);
  return [x, y, z];
};

const readOpencl: Reader<OpenclPart> = (value, where) => {
  const { device, driver, fingerprint, switches } = readFields(value, where);
  return {
    device: readText(device, `${where}.device`),
    driver: readText(driver, `${where}.driver`),
    fingerprint: readText(fingerprint, `${where}.fingerprint`),
    switches: listOf(oneOf(...openclSwitches))(switches, `${where}.switches`),
  };
};

/** Lengths and places are the addon's to check, which knows the bytes. */
function requireRegions(plans: readonly (readonly object[])[], count: number): void {
  for (const launch of plans.flat()) {
    if ('region' in launch && Number(launch.region) >= count) throw wrong('plans', `of regions below ${count}`, launch.region);
  }
}

function requireTarget(
  plans: readonly (readonly (Launch | HostLaunch | ClLaunch | NpuLaunch)[])[],
  opencl: OpenclPart | undefined,
  bytes: number,
): void {
  if (opencl !== undefined) wholeTo(openclBytesMax)(bytes, 'arenaBytes or weightBytes of a module for OpenCL');
  const isForDevice = plans.flat().some((launch) => 'global' in launch);
  if (isForDevice && opencl === undefined) throw wrong('plans', 'without OpenCL launches for the target cpu', 'opencl');
}

const readBuffer: Reader<BufferRef> = (value, where) => {
  const { space, offset } = readFields(value, where);
  return {
    space: oneOf<Space>('arena', 'weights', 'input')(space, `${where}.space`),
    offset: wholeTo(bytesMax)(offset, `${where}.offset`),
  };
};

const readImage: Reader<ImageInput> = (value, where) => {
  const fields = readFields(value, where);
  const field = <T>(name: keyof ImageInput, read: Reader<T>): T => read(fields[name], `${where}.${name}`);
  return {
    input: field('input', readText),
    width: field('width', positiveTo(pictureSideMax)),
    height: field('height', positiveTo(pictureSideMax)),
    colors: field('colors', oneOf('rgb', 'bgr', 'gray')),
    mean: field('mean', listOf(readNumber)),
    std: field('std', listOf(readNumber)),
    channelsLast: field('channelsLast', readTruth),
    fit: field('fit', oneOf('letterbox', 'stretch', 'crop')),
    anchor: field('anchor', oneOf('center', 'top-left')),
    fill: field('fill', readNumber),
    cropShare: field('cropShare', readNumber),
  };
};

const readHead: Reader<HeadSpec> = (value, where) => {
  const { kind, parameters } = readFields(value, where);
  const read = Object.entries(readFields(parameters, `${where}.parameters`)).map(([name, parameter]) => [
    name,
    readParameter(parameter, `${where}.parameters`),
  ]);
  return { kind: readText(kind, `${where}.kind`), parameters: Object.fromEntries(read) };
};

const readParameter: Reader<HeadSpec['parameters'][string]> = (value, where) => {
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (!Array.isArray(value)) return readNumber(value, where);
  return typeof value[0] === 'string' ? listOf(readText)(value, where) : listOf(readNumber)(value, where);
};

const readFiles: Reader<Record<string, string>> = (value, where) => {
  const entries = Object.entries(readFields(value, where)).map(([name, digest]): [string, string] => {
    if (!isModuleFile(name)) throw wrong(where, 'of files of a module', name);
    return [name, readDigest(digest, `${where} of ${name}`)];
  });
  return Object.fromEntries(entries);
};

const readSelfCheck: Reader<SelfCheck> = (value, where) => {
  const { passed, maxRelativeError, outputs } = readFields(value, where);
  return {
    passed: readTruth(passed, `${where}.passed`),
    maxRelativeError: readNumber(maxRelativeError, `${where}.maxRelativeError`),
    outputs: listOf((output, at) => {
      const { name, maxRelativeError: error } = readFields(output, at);
      return { name: readText(name, `${at}.name`), maxRelativeError: readNumber(error, `${at}.maxRelativeError`) };
    })(outputs, `${where}.outputs`),
  };
};
