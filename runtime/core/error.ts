// The one error class of the world's mistakes: bad models, bad images, bad requests, missing tools.

/**
 * An error that a person can act on. `code` is for programs (kebab-case, stable), the message for people: it names the thing
 * and both values.
 */
export class OnboxError extends Error {
  readonly code: string;
  /** Facts for a program, such as the operators that are missing and where they stand. JSON only. */
  readonly details: Readonly<Record<string, unknown>> | undefined;

  constructor(
    message: string,
    options: { readonly code: string; readonly cause?: unknown; readonly details?: Readonly<Record<string, unknown>> },
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'OnboxError';
    this.code = options.code;
    this.details = options.details;
  }
}

/** The code of an error for programs, `internal` for what is not an `OnboxError`. Works across realms. */
export function errorCode(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'code' in error && 'name' in error && error.name === 'OnboxError') {
    return String(error.code);
  }
  return 'internal';
}

/** The sentence of whatever was thrown. */
export function errorMessage(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'message' in error) return String(error.message);
  return String(error);
}
