// What a disk says when it cannot take what it is given, as errors that name what did not arrive and what helps.

import { OnboxError } from '../../runtime/index.js';
import { fileErrorCode } from '../file-error.js';

/** By node's error code: the code of ours, and why. */
const refusals: Readonly<Record<string, readonly [code: string, why: string]>> = {
  ENOSPC: ['disk-full', 'the disk is full'],
  EDQUOT: ['disk-full', "the disk quota of onbox's user is used up"],
  EROFS: ['store-read-only', "onbox's folder is on a file system that is mounted read-only"],
  EACCES: ['store-denied', "onbox's folder belongs to another user"],
  EPERM: ['store-denied', "onbox's folder may not be changed by this user"],
};

/**
 * `error` itself, or what it means for the disk.
 * @param what could not be done, as `"yolo" cannot be installed`
 */
export function asStorageError(error: unknown, what: string): unknown {
  const refusal = refusals[fileErrorCode(error) ?? ''];
  if (refusal === undefined || error instanceof OnboxError) return error;
  const [code, why] = refusal;
  return new OnboxError(`${why}: ${what}`, { code, cause: error });
}
