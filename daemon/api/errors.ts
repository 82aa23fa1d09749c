// The error table: which status an error code answers with. A code that is not listed is the sender's mistake: 400.

import { errorCode, errorMessage, OnboxError } from '../../runtime/index.js';
import type { ErrorBody, ErrorFacts } from './types.js';

/** Codes whose status is not 400. */
const statusByCode: Readonly<Record<string, number>> = {
  'key-missing': 401,
  'key-wrong': 401,
  'ticket-wrong': 401,
  'key-unusable': 500,
  'listen-failed': 500,
  'host-refused': 403,
  'origin-refused': 403,
  'route-unknown': 404,
  'model-missing': 404,
  'session-missing': 404,
  'method-refused': 405,
  'body-timeout': 408,
  'request-timeout': 408,
  'model-busy': 409,
  'session-mismatch': 409,
  'body-too-large': 413,
  'form-too-large': 413,
  'encoding-unsupported': 415,
  'type-unsupported': 415,
  'lowering-missing': 422,
  'unsupported-operators': 422,
  'opset-unsupported': 422,
  'dtype-unsupported': 422,
  'upgrade-required': 426,
  'headers-too-large': 431,
  'jobs-full': 429,
  internal: 500,
  'engine-crashed': 500,
  'compile-crashed': 500,
  'compile-memory': 507,
  'job-interrupted': 503,
  'job-cancelled': 409,
  'job-missing': 404,
  'compile-failed': 500,
  'self-check-failed': 500,
  'toolchain-missing': 500,
  'toolchain-failed': 500,
  'toolchain-timeout': 503,
  'module-abi': 500,
  'module-damaged': 500,
  'module-foreign': 500,
  'module-open': 500,
  'module-plan': 500,
  'module-stale': 500,
  'native-argument': 500,
  'opencl-build': 500,
  'opencl-failed': 500,
  'opencl-missing': 500,
  'opencl-profile': 500,
  'opencl-unusable': 500,
  'output-missing': 500,
  'session-busy': 500,
  'session-closed': 500,
  'weights-open': 500,
  'addon-missing': 500,
  'arena-memory': 503,
  'threads-unavailable': 503,
  'queue-full': 503,
  'memory-full': 503,
  'deadline-exceeded': 503,
  'engine-stopped': 503,
  'engine-down': 503,
  'compile-timeout': 503,
  'store-denied': 500,
  'ffmpeg-missing': 500,
  'video-unwritten': 500,
  'disk-full': 507,
  'store-read-only': 507,
  'models-memory': 507,
};

/** The HTTP status of an error code. */
export function statusOf(code: string): number {
  return Object.hasOwn(statusByCode, code) ? (statusByCode[code] ?? 400) : 400;
}

/** What others may know of an error. Our own bugs are `internal`: their text stays in the log. */
export function errorFacts(error: unknown): ErrorFacts {
  const code = errorCode(error);
  if (code === 'internal') return { code, message: 'onbox failed; its log says why' };
  const details = detailsOf(error);
  return { code, message: errorMessage(error), ...(details === undefined ? {} : { details }) };
}

export function errorBody(error: unknown): ErrorBody {
  return { error: errorFacts(error) };
}

/** An error as it was before it crossed a process or the network. */
export function errorFrom(facts: ErrorFacts, cause?: unknown): OnboxError {
  return new OnboxError(facts.message, {
    code: facts.code,
    cause,
    ...(facts.details === undefined ? {} : { details: facts.details }),
  });
}

function detailsOf(error: unknown): Readonly<Record<string, unknown>> | undefined {
  if (typeof error !== 'object' || error === null || !('details' in error)) return undefined;
  return (error.details ?? undefined) as Readonly<Record<string, unknown>> | undefined;
}
