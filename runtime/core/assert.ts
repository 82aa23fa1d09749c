// Our own mistakes stop here. The world's mistakes are an OnboxError.

/** @throws Error if `condition` does not hold: a bug of onbox, never bad input */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`onbox bug: ${message}`);
}

/** For the default branch of an exhaustive switch. */
export function unreachable(value: never): never {
  throw new Error(`onbox bug: unexpected ${JSON.stringify(value)}`);
}
