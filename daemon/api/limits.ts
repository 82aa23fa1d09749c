// What the numbers of a request may be, the same over HTTP and on the command line.

export interface Limits {
  readonly min: number;
  readonly max: number;
  readonly whole?: boolean;
}

const share: Limits = { min: 0, max: 1 };

export const detectLimits = {
  minConfidence: share,
  iou: share,
  max: { min: 1, max: 10_000, whole: true },
} as const satisfies Readonly<Record<string, Limits>>;

export const classifyLimits = { top: { min: 1, max: 100_000, whole: true } } as const satisfies Readonly<
  Record<string, Limits>
>;

/** How long a search for faster kernels lasts. */
export const tuneLimits = {
  minutes: { min: 0.05, max: 10_000 },
  minutesDefault: 10,
  trials: { min: 1, max: 1_000_000, whole: true },
} as const;

/** Largest ONNX file that is taken from a stream unless the owner says otherwise, in MiB. */
export const modelMbDefault = 512;

/** The number that a text is, undefined if it is none or outside of its limits. Number() would take '', ' 1 ' and '0x10' too. */
export function parseNumber(text: string, { min, max, whole = false }: Limits): number | undefined {
  const value = /^[0-9]{1,12}(\.[0-9]{1,12})?$/.test(text) ? Number(text) : Number.NaN;
  return value >= min && value <= max && (!whole || Number.isInteger(value)) ? value : undefined;
}

/** As in `a whole number from 1 to 10000`. */
export function printLimits({ min, max, whole = false }: Limits): string {
  return `${whole ? 'a whole number' : 'a number'} from ${min} to ${max}`;
}
