// The answer to an inference: a JSON head, and behind it the outputs that were asked for as binary data, in its order.

import type { TensorFacts } from '../api/types.js';
import type { TensorBytes } from '../engine/messages.js';
import { bytesElements, classifyOutput } from './classification.js';
import { datatypeOf } from './datatypes.js';
import { clip, invalid } from './errors.js';
import { printNumbers } from './json-numbers.js';
import type { RequestOutput } from './request.js';

export interface InferAnswer {
  readonly model: string;
  readonly version: number;
  readonly id: string | undefined;
  readonly labels: readonly string[];
}

/** Bytes of a reply; `headBytes` is undefined where all of them are JSON. */
export interface InferReply {
  readonly bytes: Buffer;
  readonly headBytes: number | undefined;
}

/** @throws OnboxError `request-invalid` */
export function requireOutputs(model: string, known: readonly TensorFacts[], outputs: readonly RequestOutput[]): void {
  for (const { name } of outputs) {
    if (known.some((output) => output.name === name)) continue;
    throw invalid(`unexpected inference output '${clip(name)}' for model '${model}'`);
  }
}

/**
 * @param requested empty for all outputs
 * @param isBinary for outputs that do not say themselves
 * @throws OnboxError `output-not-json`, `request-invalid`
 */
export async function printReply(
  answer: InferAnswer,
  outputs: readonly TensorBytes[],
  requested: readonly RequestOutput[],
  isBinary: boolean,
): Promise<InferReply> {
  const heads: Buffer[] = [];
  const blobs: Uint8Array[] = [];
  for (const output of outputs) {
    const wish = requested.find(({ name }) => name === output.name);
    const { head, blob } = await printOutput(output, wish, isBinary, answer.labels);
    heads.push(head);
    if (blob !== undefined) blobs.push(blob);
  }
  const { model, version, id } = answer;
  const facts = JSON.stringify({ model_name: model, model_version: String(version), ...(id === undefined ? {} : { id }) });
  const json = Buffer.concat([
    Buffer.from(`${facts.slice(0, -1)},"outputs":[`),
    ...heads.flatMap((head, index) => (index === 0 ? [head] : [Buffer.from(','), head])),
    Buffer.from(']}'),
  ]);
  if (blobs.length === 0) return { bytes: json, headBytes: undefined };
  return { bytes: Buffer.concat([json, ...blobs]), headBytes: json.byteLength };
}

async function printOutput(
  output: TensorBytes,
  wish: RequestOutput | undefined,
  isBinaryDefault: boolean,
  labels: readonly string[],
): Promise<{ readonly head: Buffer; readonly blob?: Uint8Array }> {
  const isBinary = wish?.isBinary ?? isBinaryDefault;
  const classes = wish?.classification === undefined ? undefined : classifyOutput(output, labels, wish.classification);
  const { name, shape } = classes ?? output;
  const datatype = classes === undefined ? datatypeOf(output.dtype) : 'BYTES';
  if (isBinary) {
    const blob = classes === undefined ? output.bytes : bytesElements(classes.texts);
    const parameters = { binary_data_size: blob.byteLength };
    return { head: Buffer.from(JSON.stringify({ name, datatype, shape, parameters })), blob };
  }
  const data = classes === undefined ? await printNumbers(output) : Buffer.from(JSON.stringify(classes.texts));
  const facts = JSON.stringify({ name, datatype, shape });
  return { head: Buffer.concat([Buffer.from(`${facts.slice(0, -1)},"data":`), data, Buffer.from('}')]) };
}
