// A small KServe client that sends what the official Python one sends, byte for byte: one compact line of JSON, binary tensors
// right behind it, the length of the JSON in a header, and no Content-Type.

import { type IncomingHttpHeaders, request } from 'node:http';
import zlib from 'node:zlib';

export type Encoding = 'gzip' | 'deflate';

export interface InferInput {
  readonly name: string;
  readonly shape: readonly number[];
  readonly datatype: string;
  /** Binary data, or numbers for JSON. */
  readonly bytes?: Uint8Array;
  readonly data?: unknown;
}

export interface InferOptions {
  readonly id?: string;
  readonly parameters?: Readonly<Record<string, unknown>>;
  readonly outputs?: readonly { readonly name: string; readonly parameters?: Readonly<Record<string, unknown>> }[];
  /** Compresses the request. */
  readonly encoding?: Encoding;
  /** Asks for a compressed reply. */
  readonly accept?: Encoding;
}

export interface KserveAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** The JSON head; undefined if the body is empty. */
  // biome-ignore lint/suspicious/noExplicitAny: tests read answers of every shape
  readonly json: any;
  /** Binary outputs by name. */
  readonly blobs: ReadonlyMap<string, Buffer>;
  /** The whole body, inflated. */
  readonly bytes: Buffer;
}

/** The body of an inference and the length of its JSON; undefined where all of it is JSON. */
export function encodeInfer(
  inputs: readonly InferInput[],
  { id, parameters, outputs }: InferOptions,
): { readonly body: Buffer; readonly headBytes: number | undefined } {
  const head = {
    ...(id === undefined ? {} : { id }),
    ...(parameters === undefined ? {} : { parameters }),
    inputs: inputs.map(({ name, shape, datatype, bytes, data }) => ({
      name,
      shape,
      datatype,
      ...(bytes === undefined ? { data } : { parameters: { binary_data_size: bytes.byteLength } }),
    })),
    ...(outputs === undefined ? {} : { outputs }),
  };
  const json = Buffer.from(JSON.stringify(head));
  const blobs = inputs.flatMap(({ bytes }) => (bytes === undefined ? [] : [bytes]));
  return { body: Buffer.concat([json, ...blobs]), headBytes: blobs.length === 0 ? undefined : json.byteLength };
}

export async function infer(
  port: number,
  model: string,
  inputs: readonly InferInput[],
  options: InferOptions = {},
): Promise<KserveAnswer> {
  const { body, headBytes } = encodeInfer(inputs, options);
  const headers: Record<string, string> = {};
  if (headBytes !== undefined) headers['Inference-Header-Content-Length'] = String(headBytes);
  if (options.encoding !== undefined) headers['Content-Encoding'] = options.encoding;
  if (options.accept !== undefined) headers['Accept-Encoding'] = options.accept;
  const packed =
    options.encoding === undefined ? body : options.encoding === 'gzip' ? zlib.gzipSync(body) : zlib.deflateSync(body);
  return await post(port, `/v2/models/${encodeURIComponent(model)}/infer`, packed, headers);
}

/** Posts bytes as they are. Without a body neither Content-Length nor Content-Type is sent. */
export function post(
  port: number,
  path: string,
  body?: string | Uint8Array,
  headers: Readonly<Record<string, string>> = {},
): Promise<KserveAnswer> {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(body)) };
    const outgoing = request(
      { host: '127.0.0.1', port, method: 'POST', path, headers: { ...length, ...headers }, agent: false },
      (incoming) => {
        const pieces: Buffer[] = [];
        incoming.on('data', (piece: Buffer) => pieces.push(piece)).on('error', reject);
        incoming.on('end', () => {
          try {
            resolve({
              status: incoming.statusCode ?? 0,
              headers: incoming.headers,
              ...decode(Buffer.concat(pieces), incoming.headers),
            });
          } catch (error) {
            reject(error);
          }
        });
      },
    );
    outgoing.on('error', reject);
    if (body !== undefined) outgoing.write(body);
    outgoing.end();
  });
}

function decode(raw: Buffer, headers: IncomingHttpHeaders): Pick<KserveAnswer, 'json' | 'blobs' | 'bytes'> {
  const encoding = headers['content-encoding'];
  const bytes = encoding === 'gzip' ? zlib.gunzipSync(raw) : encoding === 'deflate' ? zlib.inflateSync(raw) : raw;
  const headBytes = Number(headers['inference-header-content-length'] ?? bytes.byteLength);
  const json = bytes.byteLength === 0 ? undefined : JSON.parse(bytes.subarray(0, headBytes).toString('utf8'));
  const blobs = new Map<string, Buffer>();
  let start = headBytes;
  for (const { name, parameters } of json?.outputs ?? []) {
    if (parameters?.binary_data_size === undefined) continue;
    blobs.set(name, bytes.subarray(start, start + parameters.binary_data_size));
    start += parameters.binary_data_size;
  }
  if (start !== bytes.byteLength) throw new Error(`${bytes.byteLength - start} bytes of the reply belong to no output`);
  return { json, blobs, bytes };
}
