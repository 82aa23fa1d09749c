// What DeepStack and CodeProject.AI say of a picture, as one superset. Field names are theirs.

import { randomUUID } from 'node:crypto';
import { OnboxError } from '../../runtime/index.js';
import type { DetectAnswer } from '../api/types.js';

/** Whole pixels of the original picture. */
export interface Prediction {
  readonly confidence: number;
  readonly label: string;
  readonly x_min: number;
  readonly y_min: number;
  readonly x_max: number;
  readonly y_max: number;
}

export interface PredictionsAnswer extends ModuleFacts {
  readonly success: true;
  readonly predictions: readonly Prediction[];
  readonly count: number;
  readonly message: string;
}

/** What CodeProject.AI adds to the answer of every module. */
export interface ModuleFacts {
  /** DeepStack's, always 0. */
  readonly duration: 0;
  readonly inferenceMs: number;
  readonly processMs: number;
  readonly analysisRoundTripMs: number;
  readonly code: 200;
  readonly command: string;
  readonly moduleId: string;
  readonly moduleName: string;
  readonly requestId: string;
  readonly inferenceDevice: 'CPU';
  readonly timestampUTC: string;
}

/** DeepStack's own threshold. */
const confidenceDefault = 0.4;

/**
 * The threshold that a form asks for.
 * @throws OnboxError `confidence-invalid`, `confidence-above-one`
 */
export function minConfidenceOf(text: string | undefined): number {
  if (text === undefined || text.trim() === '') return confidenceDefault;
  // Python and C# write small numbers with an exponent.
  const isNumber = /^[0-9]{0,12}(\.[0-9]{0,20})?(e[+-]?[0-9]{1,3})?$/i.test(text) && /^\.?[0-9]/.test(text);
  if (!isNumber) throw new OnboxError('min_confidence is no number from 0 to 1', { code: 'confidence-invalid' });
  if (Number(text) > 1) throw new OnboxError('min_confidence is above 1', { code: 'confidence-above-one' });
  return Number(text);
}

/**
 * Most confident first and at most `max`: Frigate stops at the first weak one and writes the rest into 20 rows unchecked.
 * @param roundTripMs from the first byte of the request on
 */
export function predictionsAnswer(
  answer: DetectAnswer,
  command: 'detect' | 'custom',
  max: number,
  roundTripMs: number,
): PredictionsAnswer {
  const { width, height } = answer.image;
  const pixel = (value: number, end: number): number => Math.min(end, Math.max(0, Math.round(value)));
  const predictions = [...answer.objects]
    .sort((a, b) => b.confidence - a.confidence)
    .slice(0, max)
    .map(({ label, confidence, box: [x1, y1, x2, y2] }) => ({
      confidence,
      label,
      x_min: pixel(x1, width),
      y_min: pixel(y1, height),
      x_max: pixel(x2, width),
      y_max: pixel(y2, height),
    }));
  return {
    success: true,
    predictions,
    count: predictions.length,
    message: messageOf(predictions),
    ...moduleFacts(answer.ms, command, roundTripMs),
  };
}

export function moduleFacts(ms: DetectAnswer['ms'], command: string, roundTripMs: number): ModuleFacts {
  return {
    duration: 0,
    inferenceMs: Math.round(ms.infer),
    processMs: Math.round(ms.decode + ms.infer + ms.post),
    analysisRoundTripMs: Math.round(roundTripMs),
    code: 200,
    command,
    moduleId: 'onbox',
    moduleName: 'onbox',
    requestId: randomUUID(),
    inferenceDevice: 'CPU',
    timestampUTC: new Date().toUTCString(),
  };
}

/** Labels that the message names before it breaks off, as CodeProject.AI does. */
const messageLabelsMax = 3;

function messageOf(predictions: readonly Prediction[]): string {
  if (predictions.length === 0) return 'No objects found';
  const labels = predictions.slice(0, messageLabelsMax).map(({ label }) => label);
  return `Found ${labels.join(', ')}${predictions.length > messageLabelsMax ? '...' : ''}`;
}
