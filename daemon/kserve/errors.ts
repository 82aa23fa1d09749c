// Errors in KServe's form, {"error":"text"}, in Triton's words and with its statuses: its clients compare the texts.

import { errorCode, OnboxError } from '../../runtime/index.js';
import { errorFacts, statusOf } from '../api/errors.js';
import type { PrintError } from '../http/errors.js';

/** Codes whose status or text differs from onbox's own interface. */
const texts: Readonly<Record<string, readonly [status: number, text?: string]>> = {
  'route-unknown': [404, 'Not Found'],
  'method-refused': [405, 'Method Not Allowed'],
  'model-unknown': [400],
  'model-not-ready': [400],
  'version-unknown': [404],
  'model-unloaded': [404],
  'record-damaged': [500],
  'queue-full': [503, 'Exceeds maximum queue size'],
  'deadline-exceeded': [503, 'Request timeout expired'],
  'server-not-ready': [503],
  'protocol-unsupported': [501],
};

export const printKserveError: PrintError = (error) => {
  const code = errorCode(error);
  const [status, text] = (Object.hasOwn(texts, code) ? texts[code] : undefined) ?? [statusOf(code)];
  return { status, body: { error: text ?? errorFacts(error).message } };
};

/** A mistake in a request. */
export function invalid(message: string): OnboxError {
  return new OnboxError(message, { code: 'request-invalid' });
}

/** A name of a request, cut to what an error may repeat. */
export function clip(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
