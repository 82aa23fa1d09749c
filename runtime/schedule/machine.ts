// What a schedule must know of the machine; device/ measures and describes it.

export interface Machine {
  /** Floats in a vector. */
  readonly lanes: number;
  readonly vectorRegisters: number;
  /** Fused multiply-adds of whole vectors that a core starts in a cycle. */
  readonly fmaPerCycle: number;
  readonly threads: number;
  /** Of a device that runs work-items; absent where there are only threads. */
  readonly grid?: GridFacts;
}

export interface GridFacts {
  /** Work-items that keep the device busy. */
  readonly items: number;
  /** Of a work-group, for kernels with many registers too. */
  readonly groupMax: number;
  /** Of a work-group, as large as a search tries. */
  readonly groupLimit: number;
  /** Along each dimension; a GPU may allow fewer along the last. */
  readonly groupSides: readonly [number, number, number];
  /** Vectors in registers, beyond which fewer work-items run at once. */
  readonly vectorsFull: number;
}

/** What the draft of a search must know besides. */
export interface TuningMachine extends Machine {
  /** Data caches of one core. */
  readonly l1Bytes: number;
  readonly l2Bytes: number;
}
