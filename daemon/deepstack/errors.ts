// Errors in DeepStack's words: {"success":false,"error":…} with its statuses. Clients compare the texts.

import { errorCode } from '../../runtime/index.js';
import { errorFacts, statusOf } from '../api/errors.js';
import type { PrintError } from '../http/errors.js';

const texts: Readonly<Record<string, readonly [status: number, text: string]>> = {
  'image-missing': [400, 'No valid image file found'],
  'form-invalid': [400, 'No valid image file found'],
  'body-empty': [400, 'No valid image file found'],
  'image-empty': [400, 'invalid image file'],
  'image-invalid': [400, 'invalid image file'],
  'image-unsupported': [400, 'invalid image file'],
  'image-too-large': [400, 'invalid image file'],
  'confidence-invalid': [400, 'Invalid value for min_confidence'],
  'confidence-above-one': [400, 'min_confidence cannot be greater than 1'],
  'api-key-wrong': [401, 'Incorrect api key'],
  'admin-key-wrong': [401, 'Incorrect admin key'],
  'detection-inactive': [403, 'Detection endpoint not activated'],
  'scene-inactive': [403, 'Scene endpoint not activated'],
  'face-inactive': [403, 'Face endpoints not activated'],
  'name-invalid': [404, 'Custom model not found'],
  'model-missing': [404, 'Custom model not found'],
  'task-mismatch': [404, 'Custom model not found'],
  'deadline-exceeded': [500, 'failed to process request before timeout'],
};

export const printDeepstackError: PrintError = (error) => {
  const code = errorCode(error);
  const known = Object.hasOwn(texts, code) ? texts[code] : undefined;
  const [status, text] = known ?? [statusOf(code), errorFacts(error).message];
  return { status, body: { success: false, error: text, duration: 0, code: status } };
};
