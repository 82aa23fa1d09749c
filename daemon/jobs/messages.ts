// What the supervisor and a compile child say to each other.

import type { Task } from '../../runtime/index.js';
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

export type FromCompiler =
  | { readonly kind: 'progress'; readonly progress: CompileProgress }
  | { readonly kind: 'done'; readonly result: CompileResult }
  | { readonly kind: 'failed'; readonly error: ErrorFacts };
