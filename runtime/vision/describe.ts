// What onbox knows of a model beyond its graph: task, labels, how a picture becomes its input, and the head that reads its answer.
// A fact of the graph goes before a convention of its family, and what a person says (flags, sidecar) before both.

import { OnboxError } from '../core/error.js';
import { printType } from '../core/tensor.js';
import type { HeadSpec, ImageInput, VisionSpec } from '../module/manifest.js';
import type { Head, ImageConvention, ModelFacts, NamedType, PictureInput } from './heads/head.js';
import { headOf, heads } from './heads/index.js';
import { cleanLabels, parseNames } from './labels.js';
import type { ImageOverrides, Overrides } from './sidecar.js';

interface FoundHead {
  readonly head: Head;
  readonly spec: HeadSpec;
}

/** For models whose answer no head reads. */
const plainConvention: ImageConvention = {
  colors: 'rgb',
  mean: [0],
  std: [1],
  fit: 'stretch',
  anchor: 'center',
  fill: 0,
  cropShare: 1,
};

/**
 * @param facts shapes are static
 * @throws OnboxError `head-unknown`, `head-mismatch` if the head or task that was asked for does not fit the outputs, `image-input` if
 *   what was said of the picture does not fit the input, `labels-invalid` if the labels given are not as many as the classes
 */
export function describe(facts: ModelFacts, overrides: Overrides = {}): VisionSpec {
  const input = pictureInput(facts, overrides.image?.input);
  const found = input === undefined ? undefined : findHead(facts, input, overrides);
  const task = overrides.task ?? found?.head.task ?? (input !== undefined && looksLikeEmbedding(facts) ? 'embed' : 'other');
  if (found === undefined && (overrides.head !== undefined || task === 'detect' || task === 'classify')) {
    const types = input === undefined ? facts.inputs : facts.outputs;
    const subject = overrides.head === undefined ? `no head for the task ${task} fits` : `head ${overrides.head} does not fit`;
    throw headMismatch(`${subject} the ${input === undefined ? 'inputs' : 'outputs'}`, types);
  }
  const labels = labelsFor(facts, found, overrides);
  if (input === undefined) return { task, labels };
  const convention = found?.head.convention(facts, input) ?? plainConvention;
  const spec: VisionSpec = { task, labels, image: imageInput(input, convention, overrides.image ?? {}) };
  return found === undefined ? spec : { ...spec, head: found.spec };
}

/** The graph input that takes a picture: f32[1,c,h,w] or f32[1,h,w,c] of 1 or 3 channels. A model of several inputs wants tensors. */
function pictureInput(facts: ModelFacts, name: string | undefined): PictureInput | undefined {
  if (name === undefined && facts.inputs.length !== 1) return undefined;
  if (name === undefined) return facts.inputs.map(asPicture).find((input) => input !== undefined);
  const named = facts.inputs.find((input) => input.name === name);
  if (named === undefined) throw imageError(`the model has no input ${JSON.stringify(name)}`);
  const picture = asPicture(named);
  if (picture !== undefined) return picture;
  throw imageError(
    `input ${JSON.stringify(name)} should be f32[1,c,h,w] or f32[1,h,w,c] of 1 or 3 channels, it is ${printType(named)}`,
  );
}

function asPicture({ name, dtype, shape }: NamedType): PictureInput | undefined {
  const [batch, a = 0, b = 0, c = 0] = shape;
  if (dtype !== 'f32' || shape.length !== 4 || batch !== 1) return undefined;
  if (a === 1 || a === 3) return { name, channels: a, height: b, width: c, channelsLast: false };
  if (c === 1 || c === 3) return { name, channels: c, height: a, width: b, channelsLast: true };
  return undefined;
}

function findHead(facts: ModelFacts, input: PictureInput, overrides: Overrides): FoundHead | undefined {
  const { task } = overrides;
  const candidates =
    overrides.head === undefined ? heads.filter((head) => task === undefined || head.task === task) : [headOf(overrides.head)];
  for (const head of candidates) {
    const parameters = head.recognise(facts, input);
    if (parameters === undefined) continue;
    if (head.kind === 'classify' && isEmbedding(facts, parameters, overrides)) continue;
    return { head, spec: { kind: head.kind, parameters: { ...parameters, ...overrides.headParameters } } };
  }
  return undefined;
}

/** True where the shape alone cannot tell classes from an appearance vector and nobody said which. */
function isEmbedding(facts: ModelFacts, parameters: HeadSpec['parameters'], overrides: Overrides): boolean {
  const told = overrides.task !== undefined || overrides.head !== undefined || overrides.labels !== undefined;
  return !told && parameters['scores'] === 'logits' && !facts.metadata.has('names') && looksLikeEmbedding(facts);
}

/** Appearance vectors have a power of two of numbers, and sets of classes hardly ever do. */
function looksLikeEmbedding(facts: ModelFacts): boolean {
  const [output, ...more] = facts.outputs;
  const [batch, extent = 0, ...rest] = output?.shape ?? [];
  return more.length === 0 && batch === 1 && rest.every((one) => one === 1) && extent >= 64 && Math.log2(extent) % 1 === 0;
}

function labelsFor(facts: ModelFacts, found: FoundHead | undefined, { labels }: Overrides): readonly string[] {
  const count = found?.head.classCount(found.spec.parameters);
  if (labels !== undefined) {
    if (count === undefined || labels.length === count) return cleanLabels(labels);
    throw new OnboxError(`${labels.length} labels are given, the model tells ${count} classes apart`, {
      code: 'labels-invalid',
    });
  }
  const named = parseNames(facts.metadata.get('names') ?? '');
  if (named !== undefined) return named;
  return (found?.head.task === 'detect' && count !== undefined ? found.head.defaultLabels(count) : undefined) ?? [];
}

function imageInput(input: PictureInput, convention: ImageConvention, given: ImageOverrides): ImageInput {
  const { name, width, height, channels, channelsLast } = input;
  const colors = given.colors ?? (channels === 1 ? 'gray' : convention.colors);
  if ((colors === 'gray') !== (channels === 1)) {
    throw imageError(
      `input ${JSON.stringify(name)} has ${channels} channels, image.colors ${JSON.stringify(colors)} does not fit`,
    );
  }
  const usual = (values: readonly number[]) => inOrder(values, convention.colors, colors);
  const image: ImageInput = {
    input: name,
    width,
    height,
    colors,
    mean: perChannel('mean', given.mean ?? usual(convention.mean), channels),
    std: perChannel('std', given.std ?? usual(convention.std), channels),
    channelsLast,
    fit: given.fit ?? convention.fit,
    anchor: given.anchor ?? convention.anchor,
    fill: given.fill ?? convention.fill,
    cropShare: given.cropShare ?? convention.cropShare,
  };
  checkImage(image);
  return image;
}

/** A convention's numbers by channel in the order that the model has: turned around between RGB and BGR, their mean for grey. */
function inOrder(values: readonly number[], from: ImageInput['colors'], to: ImageInput['colors']): readonly number[] {
  if (values.length === 1 || from === to) return values;
  return to === 'gray' ? [values.reduce((sum, value) => sum + value, 0) / values.length] : [...values].reverse();
}

function perChannel(field: string, values: readonly number[], channels: number): readonly number[] {
  if (values.length === channels) return values;
  if (values.length === 1) return new Array<number>(channels).fill(values[0] ?? 0);
  throw imageError(`image.${field} has ${values.length} numbers, the input has ${channels} channels`);
}

function checkImage({ std, mean, fill, cropShare }: ImageInput): void {
  const numbers = [...mean, ...std];
  if (!numbers.every(Number.isFinite))
    throw imageError(`image.mean and image.std should be finite, they are ${numbers.join(', ')}`);
  if (std.some((value) => value === 0)) throw imageError(`image.std should not be 0, it is ${std.join(', ')}`);
  if (!(Number.isInteger(fill) && fill >= 0 && fill <= 255)) throw imageError(`image.fill should be 0 to 255, it is ${fill}`);
  if (!(cropShare > 0 && cropShare <= 1))
    throw imageError(`image.cropShare should be above 0 and at most 1, it is ${cropShare}`);
}

function imageError(message: string): OnboxError {
  return new OnboxError(message, { code: 'image-input' });
}

function headMismatch(message: string, types: readonly NamedType[]): OnboxError {
  const printed = types.slice(0, 12).map((type) => `${JSON.stringify(type.name.slice(0, 64))} ${printType(type)}`);
  return new OnboxError(`${message}: ${printed.join(', ')}`, { code: 'head-mismatch' });
}
