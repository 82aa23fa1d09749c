// Tensors through a session. Outputs are views of the session's memory, so they are copied once before the next run.

import {
  type Dtype,
  OnboxError,
  type Picture,
  type Pixels,
  type Session,
  type Tensor,
  viewBytes,
} from '../../runtime/index.js';
import type { EngineInput, TensorBytes } from './messages.js';
import type { EngineRuntime } from './worker.js';

/** The part of a Session that tensors need. */
export type TensorSession = Pick<Session, 'runTensors' | 'runPixels'> & {
  /** Absent in what never runs on one. */
  readonly npu?: Session['npu'];
  readonly manifest: Pick<Session['manifest'], 'inputs' | 'outputs' | 'image'>;
};

export interface TensorRun {
  readonly outputs: readonly TensorBytes[];
  /** In ms. */
  readonly infer: number;
  readonly post: number;
}

/** The decoded picture among the inputs, undefined if all are tensors. */
export async function pictureOf(inputs: readonly EngineInput[], runtime: EngineRuntime): Promise<Picture | undefined> {
  for (const input of inputs) if ('image' in input) return await runtime.decodePicture(input.image);
  return undefined;
}

/**
 * Runs once; nobody else may use the session meanwhile.
 * @throws OnboxError `input-missing`, `input-mismatch`, `output-missing`, `model-no-picture`
 */
export async function runTensors(
  session: TensorSession,
  work: { readonly inputs: readonly EngineInput[]; readonly outputs: readonly string[] },
  picture: Picture | undefined,
  runtime: EngineRuntime,
): Promise<TensorRun> {
  const start = performance.now();
  const results = await (picture === undefined
    ? session.runTensors(tensorsOf(work.inputs))
    : session.runPixels(pixelsOf(session, work.inputs, picture, runtime)));
  const done = performance.now();
  const names = work.outputs.length > 0 ? work.outputs : session.manifest.outputs.map(({ name }) => name);
  const outputs = names.map((name) => copyOutput(name, results.get(name)));
  return { outputs, infer: done - start, post: performance.now() - done };
}

function tensorsOf(inputs: readonly EngineInput[]): ReadonlyMap<string, Tensor> {
  const tensors = new Map<string, Tensor>();
  for (const input of inputs) {
    if ('bytes' in input) {
      const { dtype, shape } = input;
      tensors.set(input.name, { dtype, shape, data: viewBytes(dtype, input.bytes) });
    }
  }
  return tensors;
}

function pixelsOf(
  { manifest }: TensorSession,
  inputs: readonly EngineInput[],
  picture: Picture,
  runtime: EngineRuntime,
): Pixels {
  const [input] = inputs;
  const { image } = manifest;
  if (image === undefined || inputs.length > 1 || manifest.inputs.length > 1 || input?.name !== image.input) {
    throw new OnboxError(`input ${JSON.stringify(input?.name)} takes no picture`, { code: 'model-no-picture' });
  }
  return runtime.fitPicture(picture, image).pixels;
}

function copyOutput(name: string, tensor: Tensor | undefined): TensorBytes {
  if (tensor === undefined)
    throw new OnboxError(`the model gave no output ${JSON.stringify(name)}`, { code: 'output-missing' });
  const { dtype, shape, data } = tensor;
  const bytes = new Uint8Array(data.byteLength);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return { name, dtype: dtype as Dtype, shape, bytes };
}
