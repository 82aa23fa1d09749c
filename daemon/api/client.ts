// A client of the HTTP interface, for commands that ask a running daemon.

import { type ClassifyOptions, type DetectOptions, OnboxError } from '../../runtime/index.js';
import { errorFrom } from './errors.js';
import type { ClassifyAnswer, DetectAnswer, ErrorFacts, ModelDetail, ModelList } from './types.js';

export interface ClientOptions {
  /** As `http://127.0.0.1:8420`. */
  readonly url: string;
  readonly key?: string | undefined;
}

export class Client {
  private readonly options: ClientOptions;

  constructor(options: ClientOptions) {
    this.options = options;
  }

  async detect(image: Uint8Array, model: string | undefined, options: Partial<DetectOptions>): Promise<DetectAnswer> {
    const query = { model, min_confidence: options.minConfidence, iou: options.iou, max: options.max };
    return (await this.ask('POST', '/v1/detect', query, image)) as DetectAnswer;
  }

  async classify(image: Uint8Array, model: string | undefined, options: ClassifyOptions): Promise<ClassifyAnswer> {
    return (await this.ask('POST', '/v1/classify', { model, top: options.top }, image)) as ClassifyAnswer;
  }

  async list(): Promise<ModelList> {
    return (await this.ask('GET', '/v1/models')) as ModelList;
  }

  async describe(name: string): Promise<ModelDetail> {
    return (await this.ask('GET', `/v1/models/${encodeURIComponent(name)}`)) as ModelDetail;
  }

  async put(
    name: string,
    onnx: Uint8Array,
    query: Readonly<Record<string, string | readonly string[] | undefined>>,
  ): Promise<ModelDetail> {
    return (await this.ask('PUT', `/v1/models/${encodeURIComponent(name)}`, query, onnx)) as ModelDetail;
  }

  async remove(name: string): Promise<void> {
    await this.ask('DELETE', `/v1/models/${encodeURIComponent(name)}`);
  }

  private async ask(
    method: string,
    path: string,
    query: Readonly<Record<string, string | number | readonly string[] | undefined>> = {},
    body?: Uint8Array,
  ): Promise<unknown> {
    const url = new URL(path, this.options.url);
    for (const [name, value] of Object.entries(query)) {
      for (const item of Array.isArray(value) ? value : [value])
        if (item !== undefined) url.searchParams.append(name, String(item));
    }
    const headers: Record<string, string> = { 'Content-Type': 'application/octet-stream' };
    if (this.options.key !== undefined) headers['Authorization'] = `Bearer ${this.options.key}`;
    let response: Response;
    let text: string;
    try {
      response = await fetch(url, {
        method,
        headers,
        redirect: 'error',
        ...(body === undefined ? {} : { body: new Uint8Array(body) }),
      });
      text = await response.text();
    } catch (cause) {
      throw new OnboxError(`no onbox answers at ${url.origin}`, { code: 'daemon-unreachable', cause });
    }
    const value = parseAnswer(text, url);
    if (!response.ok) throw errorFrom(factsOf(value, response.status));
    return value;
  }
}

function parseAnswer(text: string, url: URL): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new OnboxError(`what answers at ${url.origin} is not onbox`, { code: 'daemon-unreachable', cause });
  }
}

function factsOf(value: unknown, status: number): ErrorFacts {
  if (typeof value === 'object' && value !== null && 'error' in value) {
    const facts = value.error;
    if (typeof facts === 'object' && facts !== null && 'code' in facts && 'message' in facts) return facts as ErrorFacts;
  }
  return { code: 'daemon-unreachable', message: `the daemon answered with status ${status}` };
}
