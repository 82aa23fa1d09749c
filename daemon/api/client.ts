// A client of the HTTP interface, for commands that ask a running daemon.

import { type ClassifyOptions, type DetectOptions, errorCode, OnboxError } from '../../runtime/index.js';
import { errorFrom } from './errors.js';
import type { ClassifyAnswer, DetectAnswer, ErrorFacts, JobFacts, LoadedList, ModelDetail, ModelList } from './types.js';

export interface ClientOptions {
  /** As `http://127.0.0.1:8420`. */
  readonly url: string;
  readonly key?: string | undefined;
}

type QueryValues = Readonly<Record<string, string | number | readonly string[] | undefined>>;

/** Between attempts to follow a job again, in ms. */
const retryPausesMs: readonly number[] = [500, 1000, 2000, 4000, 8000];

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

  async loaded(): Promise<LoadedList> {
    return (await this.ask('GET', '/v1/ps')) as LoadedList;
  }

  async describe(name: string): Promise<ModelDetail> {
    return (await this.ask('GET', `/v1/models/${encodeURIComponent(name)}`)) as ModelDetail;
  }

  /** Sends a model, and starts to compile it. */
  async compile(name: string, onnx: Uint8Array, query: QueryValues): Promise<JobFacts> {
    return (await this.ask('POST', `/v1/models/${encodeURIComponent(name)}`, { ...query, stream: 0 }, onnx)) as JobFacts;
  }

  async tune(name: string, query: QueryValues): Promise<JobFacts> {
    return (await this.ask('POST', `/v1/models/${encodeURIComponent(name)}/tune`, { ...query, stream: 0 })) as JobFacts;
  }

  async jobs(): Promise<readonly JobFacts[]> {
    return ((await this.ask('GET', '/v1/jobs')) as { jobs: JobFacts[] }).jobs;
  }

  async job(id: string): Promise<JobFacts> {
    return (await this.ask('GET', `/v1/jobs/${encodeURIComponent(id)}`)) as JobFacts;
  }

  async cancelJob(id: string): Promise<void> {
    await this.ask('DELETE', `/v1/jobs/${encodeURIComponent(id)}`);
  }

  /**
   * The lines of a job until it has ended. A connection that is lost on the way is made again, and goes on where it stopped.
   * @throws OnboxError `job-missing`, `daemon-unreachable`
   */
  async *followJob(id: string): AsyncGenerator<Readonly<Record<string, unknown>>> {
    let from = 0;
    for (let failures = 0; ; ) {
      try {
        for await (const line of this.linesOf(id, from)) {
          failures = 0;
          from = Number(line['seq'] ?? from) + 1;
          yield line;
          if (line['status'] === 'success' || line['error'] !== undefined) return;
        }
        throw new OnboxError(`the connection to ${this.options.url} was lost`, { code: 'daemon-unreachable' });
      } catch (error) {
        if (errorCode(error) !== 'daemon-unreachable' || failures >= retryPausesMs.length) throw error;
        await new Promise((resolve) => setTimeout(resolve, retryPausesMs[failures]));
        failures++;
      }
    }
  }

  async remove(name: string): Promise<void> {
    await this.ask('DELETE', `/v1/models/${encodeURIComponent(name)}`);
  }

  private async *linesOf(id: string, from: number): AsyncGenerator<Readonly<Record<string, unknown>>> {
    const { response, url } = await this.send('GET', `/v1/jobs/${encodeURIComponent(id)}`, { follow: 1, from });
    if (!response.ok) throw errorFrom(factsOf(parseAnswer(await response.text(), url), response.status));
    const decoder = new TextDecoder();
    let rest = '';
    try {
      for await (const piece of response.body ?? []) {
        const lines = (rest + decoder.decode(piece, { stream: true })).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) yield parseAnswer(line, url) as Readonly<Record<string, unknown>>;
      }
    } catch (cause) {
      if (cause instanceof OnboxError) throw cause;
      throw unreachable(url, cause);
    }
  }

  private async ask(method: string, path: string, query: QueryValues = {}, body?: Uint8Array): Promise<unknown> {
    const { response, url } = await this.send(method, path, query, body);
    const text = await response.text().catch((cause: unknown) => {
      throw unreachable(url, cause);
    });
    const value = parseAnswer(text, url);
    if (!response.ok) throw errorFrom(factsOf(value, response.status));
    return value;
  }

  private async send(
    method: string,
    path: string,
    query: QueryValues,
    body?: Uint8Array,
  ): Promise<{ readonly response: Response; readonly url: URL }> {
    const url = new URL(path, this.options.url);
    for (const [name, value] of Object.entries(query)) {
      for (const item of Array.isArray(value) ? value : [value])
        if (item !== undefined) url.searchParams.append(name, String(item));
    }
    const headers: Record<string, string> = { 'Content-Type': 'application/octet-stream' };
    if (this.options.key !== undefined) headers['Authorization'] = `Bearer ${this.options.key}`;
    const content = body === undefined ? {} : { body: new Uint8Array(body) };
    try {
      return { response: await fetch(url, { method, headers, redirect: 'error', ...content }), url };
    } catch (cause) {
      throw unreachable(url, cause);
    }
  }
}

function unreachable(url: URL, cause: unknown): OnboxError {
  return new OnboxError(`no onbox answers at ${url.origin}`, { code: 'daemon-unreachable', cause });
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
