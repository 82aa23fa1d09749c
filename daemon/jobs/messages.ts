// What the supervisor and a compile child say to each other.

import type { Speed, Task, TuneReport } from '../../runtime/index.js';
import type { ErrorFacts, TensorFacts } from '../api/types.js';
import type { CompileOptions } from '../store/record.js';

export interface CompileRequest {
  /** Name that the manifest bears. */
  readonly name: string;
  /** Absolute paths: the ONNX file and the module folder to write, which does not exist yet. */
  readonly onnx: string;
  readonly outFolder: string;
  readonly options: CompileOptions;
  /** The file of what was measured on this machine; it need not be there. Without it the default schedules are used. */
  readonly records?: string;
}

export interface CompileProgress {
  /** What is being done, as `import` or `kernels`. */
  readonly stage: string;
  readonly completed?: number;
  readonly total?: number;
  /** More of the line that others follow, as `best_ms`. */
  readonly facts?: Readonly<Record<string, string | number | null>>;
}

/** What the store records of a compiled model. */
export interface CompileResult {
  readonly digest: string;
  readonly task: Task;
  readonly labels: readonly string[];
  readonly head: string | null;
  readonly inputs: readonly TensorFacts[];
  readonly outputs: readonly TensorFacts[];
  readonly device: string;
  readonly report: Readonly<Record<string, unknown>>;
}

/** A search for faster kernels of an installed model. */
export interface TuneRequest {
  readonly name: string;
  /** Absolute paths: the stored ONNX file, the module that answers now, and the module folder to write. */
  readonly onnx: string;
  readonly module: string;
  readonly outFolder: string;
  readonly options: CompileOptions;
  readonly records: string;
  readonly budget: { readonly minutes: number; readonly trials: number };
}

export interface TuneResult {
  /** Of the module that was written. */
  readonly compiled: CompileResult;
  readonly report: TuneReport;
  /** Of the whole model; undefined where the module before cannot run any more. */
  readonly before: Speed | undefined;
  readonly after: Speed;
}

export type ToJobChild =
  | { readonly kind: 'compile'; readonly request: CompileRequest }
  | { readonly kind: 'tune'; readonly request: TuneRequest }
  /** Ends a search; what it found is still compiled. */
  | { readonly kind: 'finish' };

export type FromJobChild =
  | { readonly kind: 'progress'; readonly progress: CompileProgress }
  | { readonly kind: 'done'; readonly result: CompileResult | TuneResult }
  | { readonly kind: 'failed'; readonly error: ErrorFacts };
