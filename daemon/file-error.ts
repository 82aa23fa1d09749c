// What node says of files, streams and system calls, told by its error codes.

/** The code of node's error, such as `ENOENT`; undefined if it has none. */
export function fileErrorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** True for what the operating system refused: a folder that may not be written, a file where a folder should be. */
export function isSystemError(error: unknown): boolean {
  return fileErrorCode(error) !== undefined && typeof error === 'object' && error !== null && 'syscall' in error;
}
