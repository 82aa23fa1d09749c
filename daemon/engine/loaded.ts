// The models that are open in the engine, used last at the end. They are opened on first use and closed to make room: for one that needs
// the memory, for one more than may be open, or because nobody has used them for long.

import { OnboxError } from '../../runtime/index.js';
import type { LoadedModel, NpuHealth } from './messages.js';
import type { EngineModel, EngineRuntime } from './worker.js';

export interface LoadOptions {
  /** Threads of a session; the runtime's own choice if undefined. */
  readonly threads: number | undefined;
  /** How many models stay open. */
  readonly modelsMax: number;
  /** Memory of all open models together: their weights, and the arenas of their tensors. */
  readonly bytesMax: number;
  /** How long a model that nobody uses stays open, in ms; Infinity: until its place is needed. */
  readonly keepAliveMs: number;
}

interface Entry {
  readonly model: EngineModel;
  facts: LoadedModel;
  /** Of performance.now. */
  usedAt: number;
}

const mebi = 1024 * 1024;

/** Called only under the device lock, so that none is closed while it runs. */
export class LoadedModels {
  private readonly runtime: EngineRuntime;
  private readonly options: LoadOptions;
  private readonly onChange: (models: readonly LoadedModel[]) => void;
  private readonly entries = new Map<string, Entry>();

  /** @param onChange told the open models, used last at the end, whenever one was opened or closed */
  constructor(runtime: EngineRuntime, options: LoadOptions, onChange: (models: readonly LoadedModel[]) => void) {
    this.runtime = runtime;
    this.options = options;
    this.onChange = onChange;
  }

  /**
   * The model of a module folder, opened if need be.
   * @throws OnboxError `models-memory` if it needs more than all models may take, and what the runtime throws
   */
  async open(module: string): Promise<EngineModel> {
    const entry = this.entries.get(module) ?? (await this.load(module));
    entry.usedAt = performance.now();
    this.entries.delete(module);
    this.entries.set(module, entry);
    return entry.model;
  }

  async close(module: string): Promise<void> {
    const entry = this.entries.get(module);
    if (entry === undefined) return;
    this.entries.delete(module);
    this.onChange(this.list());
    await entry.model.close();
  }

  /** To be called after a run: whether an NPU has failed the model shows only then. */
  note(module: string): void {
    const entry = this.entries.get(module);
    if (entry === undefined) return;
    const npu = npuHealth(entry.model);
    if (npu?.reasons.join('\n') === entry.facts.npu?.reasons.join('\n')) return;
    entry.facts = { ...entry.facts, ...(npu === undefined ? {} : { npu }) };
    this.onChange(this.list());
  }

  /** Closes what nobody has used for long. */
  async expire(): Promise<void> {
    const end = performance.now() - this.options.keepAliveMs;
    const old = [...this.entries].filter(([, { usedAt }]) => usedAt <= end);
    for (const [module] of old) await this.close(module);
  }

  private async load(module: string): Promise<Entry> {
    const { threads, modelsMax } = this.options;
    const start = performance.now();
    let bytes = 0;
    const model = await this.runtime.openModel(module, {
      ...(threads === undefined ? {} : { threads }),
      // Once for each size of its picture.
      admit: async (wanted) => {
        bytes += wanted;
        await this.makeRoom(bytes, modelsMax - 1);
      },
    });
    const npu = npuHealth(model);
    const times = { loadMs: performance.now() - start, loadedAt: Date.now() };
    const facts: LoadedModel = { module, bytes, ...times, ...(npu === undefined ? {} : { npu }) };
    const entry: Entry = { model, facts, usedAt: performance.now() };
    this.entries.set(module, entry);
    this.onChange(this.list());
    return entry;
  }

  /** Closes models, the one unused longest first, until there is room for `bytes` more and at most `count` are left. */
  private async makeRoom(bytes: number, count: number): Promise<void> {
    const { bytesMax } = this.options;
    if (bytes > bytesMax) {
      const [wanted, allowed] = [bytes, bytesMax].map((value) => (value / mebi).toFixed(1));
      throw new OnboxError(`the model needs ${wanted} MiB of memory, all models together may take ${allowed} MiB`, {
        code: 'models-memory',
        details: { wantedBytes: bytes, allowedBytes: bytesMax },
      });
    }
    for (const oldest of [...this.entries.keys()]) {
      if (this.bytes() + bytes <= bytesMax && this.entries.size <= count) return;
      await this.close(oldest);
    }
  }

  private bytes(): number {
    return this.list().reduce((sum, { bytes }) => sum + bytes, 0);
  }

  private list(): readonly LoadedModel[] {
    return [...this.entries.values()].map(({ facts }) => facts);
  }
}

function npuHealth({ session }: EngineModel): NpuHealth | undefined {
  const states = session.npu?.() ?? [];
  if (states.length === 0) return undefined;
  return { regions: states.length, reasons: states.filter(({ reason }) => reason !== '').map(({ reason }) => reason) };
}
