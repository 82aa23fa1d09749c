// Holds the answers of a version that came out of tuning against those of the version before it: a few requests of service are asked once
// more of the old module, behind all others. Speed is no excuse for another answer.

import { type DetectedObject, detectDefaults, errorOf, overlap, type Tensor, viewBytes } from '../../runtime/index.js';
import type { Wait } from '../engine/engine.js';
import type { AnswerOf, Computed, TensorBytes, Work } from '../engine/messages.js';

/** A request whose answer can be held against another's. */
export type Asked = Exclude<Work, { kind: 'open' | 'release' }>;

export interface WitnessParts {
  run<W extends Work>(work: W, wait: Wait): Promise<AnswerOf<W>>;
}

export interface Testimony {
  /** How many answers were compared. */
  readonly compared: number;
  /** What the first wrong answer was; undefined while all were right. */
  readonly wrong: string | undefined;
  /** True once nothing more is compared. */
  readonly isOver: boolean;
}

interface Trial {
  readonly version: number;
  /** The module of the version before. */
  readonly reference: string;
  compared: number;
  attempts: number;
  wrong: string | undefined;
  isAsking: boolean;
}

const comparedMax = 3;
/** Requests that are tried; where the old module cannot be asked, there is nothing to learn. */
const attemptsMax = 10;
/** Confidences that differ by more are different answers, and so are boxes that overlap less. */
const confidenceTolerance = 0.02;
const overlapMin = 0.8;
/** Of the largest magnitude of a tensor. */
const tensorErrorMax = 0.01;

export class Witness {
  private readonly parts: WitnessParts;
  private readonly trials = new Map<string, Trial>();

  constructor(parts: WitnessParts) {
    this.parts = parts;
  }

  /** From now on answers of `version` are held against those of the module `reference`. */
  watch(model: string, version: number, reference: string): void {
    this.trials.set(model, { version, reference, compared: 0, attempts: 0, wrong: undefined, isAsking: false });
  }

  /** Tells whether an answer would be compared now. */
  isCurious(model: string, version: number): boolean {
    const trial = this.trials.get(model);
    return trial !== undefined && trial.version === version && !trial.isAsking && !isOver(trial);
  }

  /** Compares one answer that a model gave. The request's bytes may change once this returned. */
  saw(model: string, work: Asked, answer: AnswerOf<Asked>): void {
    const trial = this.trials.get(model);
    if (trial === undefined) return;
    trial.attempts++;
    trial.isAsking = true;
    const again = copyFor(trial.reference, work);
    const got = 'outputs' in answer ? { ...answer, outputs: answer.outputs.map(withOwnBytes) } : answer;
    this.parts
      .run(again, { priority: 3, source: this })
      .then(
        (want) => {
          trial.compared++;
          trial.wrong ??= difference(again, got, want);
        },
        // The old module is gone, or there was no room: another request may have more luck.
        () => undefined,
      )
      .finally(() => {
        trial.isAsking = false;
      });
  }

  of(model: string): Testimony {
    const trial = this.trials.get(model);
    return { compared: trial?.compared ?? 0, wrong: trial?.wrong, isOver: trial === undefined || isOver(trial) };
  }

  /** Ends the comparison and lets the old module go, unless it answers again. */
  async end(model: string, answering: string | undefined): Promise<void> {
    const trial = this.trials.get(model);
    this.trials.delete(model);
    if (trial === undefined || trial.attempts === 0 || trial.reference === answering) return;
    await this.parts.run({ kind: 'release', module: trial.reference }, {});
  }
}

function isOver({ compared, attempts, wrong, isAsking }: Trial): boolean {
  return wrong !== undefined || compared >= comparedMax || (attempts >= attemptsMax && !isAsking);
}

/** The same request of another module, in memory of its own: the buffers of bodies are used again. */
function copyFor(module: string, work: Asked): Asked {
  if (work.kind === 'classify') return { ...work, module, image: new Uint8Array(work.image) };
  if (work.kind === 'detect') {
    const { image } = work;
    return { ...work, module, image: ArrayBuffer.isView(image) ? new Uint8Array(image) : withOwnBytes(image) };
  }
  const inputs = work.inputs.map((input) =>
    'image' in input ? { ...input, image: new Uint8Array(input.image) } : withOwnBytes(input),
  );
  return { ...work, module, inputs };
}

/** Not by slice(), which a Buffer has made a view. */
function withOwnBytes<T extends { readonly bytes: Uint8Array }>(thing: T): T {
  return { ...thing, bytes: new Uint8Array(thing.bytes) };
}

/** In words, what of `got` differs from `want`; undefined if they agree. */
function difference(work: Asked, got: AnswerOf<Asked>, want: AnswerOf<Asked>): string | undefined {
  if ('objects' in got && 'objects' in want) {
    const options = work.kind === 'detect' ? work.options : {};
    const least = (options.minConfidence ?? detectDefaults.minConfidence) + confidenceTolerance;
    const isCut = Math.max(got.objects.length, want.objects.length) >= (options.max ?? detectDefaults.max);
    // Where only the strongest are told, the weakest of them may change places.
    const weakest = isCut ? Math.min(...[...got.objects, ...want.objects].map(({ confidence }) => confidence)) : 0;
    const floor = Math.max(least, weakest + confidenceTolerance);
    return unmatched(got.objects, want.objects, floor) ?? unmatched(want.objects, got.objects, floor);
  }
  if ('classes' in got && 'classes' in want) {
    for (const { label, class: index, confidence } of want.classes) {
      const other = got.classes.find((each) => each.class === index)?.confidence ?? got.classes.at(-1)?.confidence ?? 0;
      // One that is not among the first may be as probable as the last of these, but not less than it was.
      if (Math.abs(other - confidence) > confidenceTolerance) return `${label}: ${confidence} before, ${other} now`;
    }
    return undefined;
  }
  return 'outputs' in got && 'outputs' in want ? tensorDifference(got, want) : undefined;
}

function unmatched(some: readonly DetectedObject[], others: readonly DetectedObject[], floor: number): string | undefined {
  const lone = some.find(
    (object) =>
      object.confidence >= floor &&
      !others.some(
        (other) =>
          other.class === object.class &&
          Math.abs(other.confidence - object.confidence) <= confidenceTolerance &&
          isSameBox(other.box, object.box),
      ),
  );
  return lone && `${lone.label} at ${lone.box.map(Math.round).join(', ')} with ${lone.confidence} is in one answer alone`;
}

/** Boxes without an area overlap nothing, not even themselves. */
function isSameBox(a: DetectedObject['box'], b: DetectedObject['box']): boolean {
  return a.every((side, i) => side === b[i]) || overlap(...a, ...b) >= overlapMin;
}

function tensorDifference(got: Computed, want: Computed): string | undefined {
  for (const output of want.outputs) {
    const other = got.outputs.find(({ name }) => name === output.name);
    const error = errorOf(other && tensorIn(other), tensorIn(output));
    if (error > tensorErrorMax) return `"${output.name}" is off by ${error}`;
  }
  return undefined;
}

function tensorIn({ dtype, shape, bytes }: TensorBytes): Tensor {
  return { dtype, shape, data: viewBytes(dtype, bytes) };
}
