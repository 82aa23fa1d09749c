// The daemon's verbs: what every protocol adapter calls. It knows which module answers, and mends modules that do not open.

import {
  type ClassifyOptions,
  type DetectOptions,
  errorCode,
  errorMessage,
  type PictureSource,
  type Task,
} from '../runtime/index.js';
import { classifyAnswer, describeModel, detectAnswer, loadedFacts, streamedModel, summarize } from './api/answers.js';
import { complainOfEngine, complainOfModel, gpuFacts, npuFacts } from './api/complaints.js';
import { errorFacts, statusOf } from './api/errors.js';
import type {
  ClassifyAnswer,
  DetectAnswer,
  ErrorFacts,
  FrameAnswer,
  Health,
  HealthReport,
  LoadedList,
  ModelDetail,
  ModelList,
  StreamedModel,
} from './api/types.js';
import type { Engine, LateWork, Wait } from './engine/engine.js';
import type { AnswerOf, Computed, EngineInput, Work } from './engine/messages.js';
import type { Job } from './jobs/book.js';
import { compileLimits } from './jobs/compile-job.js';
import { isRebuildable, stageAgain } from './jobs/install.js';
import { type Follow, type Jobs, jobKey } from './jobs/jobs.js';
import { Witness } from './jobs/witness.js';
import type { Log } from './log.js';
import { Statistics } from './statistics.js';
import { type CompileOptions, deviceOf } from './store/record.js';
import type { ModelStore, StoredModel } from './store/store.js';

/** What a model answered. */
type Ran = NonNullable<AnswerOf<Work>>;

type DetectWork = Extract<Work, { kind: 'detect' }>;

/** Detects in what `choose` gives when its turn has come; asked again, it gives the same. */
export type DetectLate = (
  choose: () => { readonly image: PictureSource; readonly options: Partial<DetectOptions> },
  wait: Wait,
) => Promise<FrameAnswer>;

export interface ServiceParts {
  readonly store: ModelStore;
  readonly engine: Engine;
  readonly jobs: Jobs;
  readonly log: Log;
  /** Of onbox, as in package.json. */
  readonly version: string;
}

export interface PutModel {
  readonly name: string;
  /** A staging folder with model.onnx; it belongs to the service from here on. */
  readonly staging: string;
  /** SHA-256 of model.onnx, hex. */
  readonly digest: string;
  readonly options: CompileOptions;
  readonly embedded?: boolean;
}

export class Service {
  readonly statistics = new Statistics();
  /** Compares answers of versions that nobody asked for with those of the versions before. */
  readonly witness: Witness;
  private readonly parts: ServiceParts;
  /** The module that answered last for each model, so that a replaced one is closed. */
  private readonly served = new Map<string, string>();
  /** Why the last request of a model failed, where that was not the request's fault. */
  private readonly broken = new Map<string, ErrorFacts>();
  private readonly startedAt = performance.now();

  constructor(parts: ServiceParts) {
    this.parts = parts;
    this.witness = new Witness({ run: (work, wait) => parts.engine.run(work, wait) });
  }

  /** @throws OnboxError `model-missing`, `task-mismatch`, and what Engine.run throws */
  async detect(
    name: string | undefined,
    image: Uint8Array,
    options: Partial<DetectOptions>,
    wait?: Wait,
  ): Promise<DetectAnswer> {
    const { pre: _, ...answer } = await this.detectFrame(name, image, options, wait);
    return answer;
  }

  /** As `detect`, with the time that fitting the picture took. */
  async detectFrame(
    name: string | undefined,
    image: Uint8Array,
    options: Partial<DetectOptions>,
    wait?: Wait,
  ): Promise<FrameAnswer> {
    const model = await this.resolve(name, 'detect');
    return await this.detectWith(model, (module) => ({ kind: 'detect', module, image, options }), wait);
  }

  /**
   * The model that looks at a stream or session.
   * @throws OnboxError `model-missing`, `task-mismatch`
   */
  async streamed(name: string | undefined): Promise<StreamedModel> {
    return streamedModel(await this.resolve(name, 'detect'));
  }

  /**
   * Opens the model of a stream. Frames go to the engine without a look at the disk before; which version answers is looked up beside
   * each frame, for the next one.
   * @throws OnboxError `model-missing`, `task-mismatch`; the function as `detect`
   */
  async openStream(name: string | undefined): Promise<{ readonly model: StreamedModel; readonly detect: DetectLate }> {
    const first = await this.resolve(name, 'detect');
    let current: Promise<StoredModel> | StoredModel = first;
    const detect: DetectLate = async (choose, wait) => {
      const model = current instanceof Promise ? await current : current;
      this.resolve(first.name, 'detect').then(
        (found) => {
          current = found;
        },
        (error: unknown) => {
          current = Promise.reject(error);
          current.catch(() => undefined);
        },
      );
      return await this.detectWith(
        model,
        (module) => ({ module, choose: () => ({ kind: 'detect', module, ...choose() }) }),
        wait,
      );
    };
    return { model: streamedModel(first), detect };
  }

  /** @throws OnboxError `model-missing`, `task-mismatch`, and what Engine.run throws */
  async classify(name: string | undefined, image: Uint8Array, options: ClassifyOptions, wait?: Wait): Promise<ClassifyAnswer> {
    const model = await this.resolve(name, 'classify');
    const { answer, version } = await this.answer(model, (module) => ({ kind: 'classify', module, image, options }), wait);
    return classifyAnswer({ name: model.name, version }, answer);
  }

  /**
   * The current version of a model.
   * @throws OnboxError `name-invalid`, `model-missing`, `record-damaged`
   */
  async find(name: string): Promise<StoredModel> {
    return await this.parts.store.find(name);
  }

  /**
   * Runs tensors through a model that `find` gave.
   * @param outputs names of the outputs that are wanted; all of them if it is empty
   * @throws OnboxError what Engine.run throws
   */
  async infer(
    model: StoredModel,
    inputs: readonly EngineInput[],
    outputs: readonly string[],
    wait?: Wait,
  ): Promise<Computed & { readonly version: number }> {
    this.swap(model);
    const workFor = (module: string) => ({ kind: 'tensors', module, inputs, outputs }) as const;
    const { answer, version } = await this.answer(model, workFor, wait);
    return { ...answer, version };
  }

  /** Opens a model, so that the first request does not wait for it; mends it if need be. */
  async load(name: string): Promise<void> {
    const model = await this.parts.store.find(name);
    this.swap(model);
    await this.answerOrMend(model, (module) => ({ kind: 'open', module }), undefined);
  }

  /** Frees what a model takes in the engine, behind the requests that use it. The next request opens it again. */
  async unload(name: string): Promise<void> {
    const model = await this.parts.store.find(name);
    this.served.delete(name);
    await this.parts.engine.run({ kind: 'release', module: model.module });
  }

  /** The models that are loaded, and the memory that they take. */
  loaded(): LoadedList {
    const { engine } = this.parts;
    const { models, bytesMax, keepAliveMs } = engine.loaded;
    const shown = models.map(({ module, bytes, loadMs, loadedAt }) => {
      const usedAt = engine.lastUseOf(module) ?? loadedAt;
      return { ...this.parts.store.ownerOf(module), ...loadedFacts({ bytes, loadMs, loadedAt, usedAt, keepAliveMs }) };
    });
    shown.sort((a, b) => b.lastUsedAt.localeCompare(a.lastUsedAt));
    return { models: shown, memory: { taken: shown.reduce((sum, { memory }) => sum + memory, 0), max: bytesMax } };
  }

  async list(): Promise<ModelList> {
    const { store } = this.parts;
    const { models, damaged } = await store.list();
    const defaults = await store.defaultNames();
    return { models: models.map((model) => summarize(model, defaults)), damaged };
  }

  /** @throws OnboxError `name-invalid`, `model-missing`, `record-damaged` */
  async describe(name: string): Promise<ModelDetail> {
    const { store } = this.parts;
    return describeModel(await store.find(name), await store.defaultNames());
  }

  /** Compiles and installs a model. @throws OnboxError of startCompile, and what the compiler says */
  async put(request: PutModel, follow?: Follow): Promise<ModelDetail> {
    const { store, jobs } = this.parts;
    await jobs.end(await this.startCompile(request), follow);
    return describeModel(await store.find(request.name), await store.defaultNames());
  }

  /**
   * Starts to compile a model. Two requests for the same file under the same name and options are one job.
   * @throws OnboxError `jobs-full`, `engine-stopped`, of asStorageError
   */
  async startCompile({ name: model, staging, digest, options, embedded = false }: PutModel): Promise<Job> {
    const key = jobKey('compile', model, digest, options);
    const { niceness } = compileLimits;
    return await this.parts.jobs.start({ kind: 'compile', key, model, digest, options, embedded, niceness }, staging);
  }

  /** Starts to tune an installed model. @throws OnboxError as startCompile, and `model-missing`, `record-damaged` */
  async startTune(name: string, budget: NonNullable<Job['budget']>, isIdle = false): Promise<Job> {
    const { store, jobs } = this.parts;
    const { record } = await store.find(name);
    const { digest, options, embedded } = record;
    const key = jobKey('tune', name, digest, options);
    const { niceness } = compileLimits;
    const request = { kind: 'tune', key, model: name, digest, options, embedded, niceness, budget, isIdle } as const;
    return await jobs.start(request, await store.stage());
  }

  /** What a job installed answers from now on. */
  async installed({ id, model, version, digest }: Job): Promise<void> {
    if (typeof version !== 'number') return;
    this.parts.log('model-installed', { name: model, version, digest, job: id });
    try {
      this.swap(await this.parts.store.find(model));
    } catch (error) {
      // It may have been removed in the same moment; whatever it is, a request will meet it again and tell.
      this.parts.log('model-unreadable', { name: model, code: errorCode(error), reason: errorMessage(error) });
    }
  }

  /** @throws OnboxError `name-invalid`, `model-missing` */
  async remove(name: string): Promise<void> {
    await this.parts.store.remove(name);
    const module = this.served.get(name);
    this.served.delete(name);
    this.statistics.forget(name);
    this.broken.delete(name);
    if (module !== undefined) this.inBackground({ kind: 'release', module });
    this.parts.log('model-removed', { name });
  }

  /** Jobs since the start, by their kind. */
  get jobCounts(): Jobs['counts'] {
    return this.parts.jobs.counts;
  }

  health(): Health {
    const { ready, restarts, queued, running } = this.parts.engine.state;
    return {
      status: ready ? 'ok' : 'starting',
      version: this.parts.version,
      engine: { ready, restarts, queued, running },
      jobs: this.parts.jobs.state,
      uptimeSeconds: Math.round((performance.now() - this.startedAt) / 1000),
    };
  }

  /** Health, with what is wrong with each device and model and how that is cured. */
  async report(): Promise<HealthReport> {
    const { models, damaged } = await this.parts.store.list();
    const health = this.health();
    return {
      ...health,
      devices: [
        { device: 'cpu', ok: health.engine.ready, ...complainOfEngine(health) },
        ...gpuFacts(models.filter(({ record }) => deviceOf(record) === 'gpu').map(({ name }) => this.broken.get(name))),
        ...npuFacts(this.parts.engine.loaded.models),
      ],
      models: [
        ...models.map(({ name }) => ({ name, ok: !this.broken.has(name), ...complainOfModel(name, this.broken.get(name)) })),
        ...damaged.map(({ name, error }) => ({ name, ok: false, ...complainOfModel(name, error) })),
      ],
    };
  }

  private async resolve(name: string | undefined, task: Task): Promise<StoredModel> {
    const model = await this.parts.store.forTask(name, task);
    this.swap(model);
    return model;
  }

  private async detectWith(
    model: StoredModel,
    workFor: (module: string) => DetectWork | LateWork<DetectWork>,
    wait: Wait | undefined,
  ): Promise<FrameAnswer> {
    const { answer, version } = await this.answer<DetectWork>(model, workFor, wait);
    return { ...detectAnswer({ name: model.name, version }, answer), pre: answer.pre };
  }

  private async answer<W extends Work>(
    model: StoredModel,
    workFor: (module: string) => W | LateWork<W>,
    wait: Wait | undefined,
  ): Promise<{ readonly answer: AnswerOf<W>; readonly version: number }> {
    const start = performance.now();
    try {
      const answered = await this.answerOrMend(model, workFor, wait);
      const { answer, version } = answered;
      this.broken.delete(model.name);
      if (answer !== null) {
        this.count(model, version, answer, performance.now() - start);
        if (this.witness.isCurious(model.name, version)) this.tellWitness(model, workFor(model.module), answer);
      }
      return answered;
    } catch (error) {
      if ([500, 507].includes(statusOf(errorCode(error)))) this.broken.set(model.name, errorFacts(error));
      this.statistics.failed(model.name, model.version, errorCode(error), performance.now() - start);
      throw error;
    }
  }

  private tellWitness({ name }: StoredModel, given: Work | LateWork<Work>, answer: Ran): void {
    // What is chosen late is the same when it is asked for again.
    const work = 'choose' in given ? given.choose() : given;
    if (work.kind !== 'open' && work.kind !== 'release') this.witness.saw(name, work, answer);
  }

  private count({ name, module, record }: StoredModel, version: number, answer: Ran, elapsedMs: number): void {
    const { ms, format } = answer;
    this.statistics.succeeded(name, version, ms, elapsedMs);
    const npu = this.parts.engine.loaded.models.find((loaded) => loaded.module === module)?.npu;
    const device = npu !== undefined && npu.reasons.length < npu.regions ? 'npu' : deviceOf(record);
    const objects = 'objects' in answer ? answer.objects.length : undefined;
    this.statistics.onAnswer({ model: name, device, ms, format, objects });
  }

  private async answerOrMend<W extends Work>(
    model: StoredModel,
    workFor: (module: string) => W | LateWork<W>,
    wait: Wait | undefined,
  ): Promise<{ readonly answer: AnswerOf<W>; readonly version: number }> {
    try {
      return { answer: await this.parts.engine.run<W>(workFor(model.module), wait), version: model.version };
    } catch (error) {
      if (!isRebuildable(error)) throw error;
      const mended = await this.mend(model, error);
      return { answer: await this.parts.engine.run<W>(workFor(mended.module), wait), version: mended.version };
    }
  }

  /** Compiles the stored ONNX of a model again; the result is its next version. */
  private async mend(model: StoredModel, reason: unknown): Promise<StoredModel> {
    const { store, jobs, log } = this.parts;
    const { name, version, record } = model;
    // Another request, or another process, may have been quicker.
    const current = await store.find(name);
    if (current.version !== version) return current;
    log('module-rebuild', { name, version, code: errorCode(reason), reason: errorMessage(reason) });
    const { digest, options, embedded } = record;
    const key = jobKey('compile', `${name} ${version}`, digest, options);
    const { niceness } = compileLimits;
    const request = { kind: 'compile', key, model: name, digest, options, embedded, niceness } as const;
    await jobs.end(await jobs.start(request, await stageAgain(store, model)));
    const mended = await store.find(name);
    this.swap(mended);
    return mended;
  }

  /** Remembers which module answers for a model and closes the one it replaces, behind the requests that still use it. */
  private swap(model: StoredModel): void {
    const before = this.served.get(model.name);
    if (before === model.module) return;
    this.served.set(model.name, model.module);
    if (before !== undefined) this.inBackground({ kind: 'release', module: before });
    this.inBackground({ kind: 'open', module: model.module });
  }

  private inBackground(work: Work): void {
    this.parts.engine.run(work).catch((error: unknown) => {
      // What a request will meet again and report is only noted here.
      this.parts.log('engine-background', { work: work.kind, code: errorCode(error), reason: errorMessage(error) });
    });
  }
}
