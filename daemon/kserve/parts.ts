// What the routes of KServe share.

import type { MemoryBudget } from '../http/budget.js';
import type { Service } from '../service.js';
import type { ModelStore } from '../store/store.js';
import type { LoadStates } from './find.js';

export interface KserveParts {
  readonly service: Service;
  readonly store: ModelStore;
  readonly budget: MemoryBudget;
  /** Largest ONNX file that is taken, in bytes. */
  readonly modelBytesMax: number;
  readonly states: LoadStates;
}
