// The queries of the routes under /v1. They are read by these schemas, and the OpenAPI document is made of the same.

import { z } from 'zod';
import { classifyDefaults } from '../../runtime/index.js';
import { usualPriority } from '../engine/queue.js';
import { printFact } from '../log.js';
import { sessionLimits } from '../track/sessions.js';
import { classifyLimits, detectLimits, type Limits, parseNumber, printLimits, tuneLimits } from './limits.js';

const text = (about: string) => z.string().meta({ description: about });
/** A parameter that may come several times. */
const texts = (about: string) => z.array(z.string()).meta({ description: about });
const flag = (about: string) => number({ min: 0, max: 1, whole: true }, about);

/** A number as text; its limits stand in the schema too. */
function number(limits: Limits, about: string, parse = parseNumber) {
  const declared = (limits.whole === true ? z.int() : z.number()).min(limits.min).max(limits.max);
  return z
    .string()
    .transform((given, context) => {
      const value = parse(given, limits);
      if (value !== undefined) return value;
      const message = `wants ${printLimits(limits)}, got ${printFact(given.slice(0, 80))}`;
      context.addIssue({ code: 'custom', message, input: given });
      return z.NEVER;
    })
    .pipe(declared)
    .meta({ description: about });
}

/** Clocks since 1970 have more digits than other numbers of a query. */
function parseClock(given: string): number | undefined {
  const value = /^[0-9]{1,16}$/.test(given) ? Number(given) : Number.NaN;
  return value <= Number.MAX_SAFE_INTEGER ? value : undefined;
}

const model = text('name of the model; without it the default of the task answers').optional();
const minConfidence = number(detectLimits.minConfidence, 'objects below are left out').optional();
const priority = number({ min: 1, max: 3, whole: true }, '1 goes before 2, and that before 3').default(usualPriority);
const options = {
  input: texts('the shape of an input, as images=1x3x640x640').optional(),
  cut: texts('a value at which the model ends').optional(),
  task: text('detect, classify, embed or other').optional(),
  head: text('how the outputs are read, as yolov8').optional(),
  precision: text('fp32, fp16 or fp16-storage').optional(),
};
const stream = text('0: the answer is the job, at once; otherwise its progress, as it comes').optional();
const { min, max } = sessionLimits.ttlS;

export const queries = {
  none: z.strictObject({}),
  detect: z.strictObject({
    model,
    min_confidence: minConfidence,
    iou: number(detectLimits.iou, 'boxes of one class that overlap more are one').optional(),
    max: number(detectLimits.max, 'most objects of an answer').optional(),
    label: texts('only objects of these labels').optional(),
    priority,
  }),
  classify: z.strictObject({
    model,
    top: number(classifyLimits.top, 'how many classes are told').default(classifyDefaults.top),
    priority,
  }),
  track: z.strictObject({
    model,
    min_confidence: minConfidence,
    pts_us: number(
      { min: 0, max: Number.MAX_SAFE_INTEGER, whole: true },
      'when the picture was taken, in microseconds',
      parseClock,
    ).optional(),
    ttl_s: number({ min, max, whole: true }, 'how long the session lives without being used, in seconds').optional(),
    priority,
  }),
  stream: z.strictObject({ model, ticket: text('of POST /v1/tickets').optional() }),
  put: z.strictObject(options),
  compile: z.strictObject({ ...options, stream }),
  tune: z.strictObject({
    minutes: number(tuneLimits.minutes, 'how long it is searched').default(tuneLimits.minutesDefault),
    trials: number(tuneLimits.trials, 'how many kernels are measured at most').default(tuneLimits.trials.max),
    stream,
  }),
  job: z.strictObject({
    follow: flag('1: its progress, one JSON object a line').default(0),
    from: number({ min: 0, max: Number.MAX_SAFE_INTEGER, whole: true }, 'the first line that is wanted').default(0),
  }),
  cancel: z.strictObject({ finish: flag('1: what was found is kept').default(0) }),
} as const;

export type Query<N extends keyof typeof queries> = z.output<(typeof queries)[N]>;
