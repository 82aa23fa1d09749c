// What two onboxes say to each other over ssh: the one at the desk runs `onbox remote REQUEST` on the box. The request stands in the
// command line in an alphabet that no shell changes. On the box's stdout come frames, one JSON object a line; on its stdin go the bytes
// of the files that it lacks, in their order and nothing else.

import { OnboxError } from '../../runtime/index.js';

export const protocolVersion = 1;

/** An argument of the command: text, or a file that was sent, or one that is to be sent back. */
export type RemoteArgument = string | { readonly input: number } | { readonly output: number };

export interface RemoteInput {
  /** SHA-256, hex. */
  readonly digest: string;
  readonly bytes: number;
  /** As the file was called at the desk, without its folder. */
  readonly name: string;
  /** The input in whose folder it lies; in one of its own where this is absent. */
  readonly beside?: number;
  /** True for the file that is piped in. */
  readonly isPiped?: boolean;
}

export interface RemoteRequest {
  readonly protocol: number;
  readonly arguments: readonly RemoteArgument[];
  readonly inputs: readonly RemoteInput[];
  /** Names of the files that come back. */
  readonly outputs: readonly string[];
  readonly isInteractive: boolean;
  /** The job that was started before the link broke. */
  readonly job?: string;
}

export type RemoteFrame =
  /** The first: how many bytes of each input are there already. */
  | { readonly onbox: string; readonly protocol: number; readonly have: readonly number[] }
  | { readonly out: string }
  | { readonly err: string }
  /** The job that the command started or found. */
  | { readonly job: string }
  /** A file in base64. */
  | { readonly output: number; readonly data: string }
  | { readonly exit: number };

/** Linux takes no longer argument (MAX_ARG_STRLEN); a part of it is for ssh and the shell. */
const requestCharactersMax = 100_000;

/** @throws OnboxError `usage` if the request is too long for a command line */
export function printRequest(request: RemoteRequest): string {
  const text = Buffer.from(JSON.stringify(request)).toString('base64url');
  if (text.length > requestCharactersMax) throw new OnboxError('the arguments are too long for ssh', { code: 'usage' });
  return text;
}

/** @throws OnboxError `remote-invalid` */
export function parseRequest(text: string): RemoteRequest {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
  } catch (cause) {
    throw invalid('it is no JSON', cause);
  }
  const request = value as RemoteRequest;
  if (typeof value !== 'object' || value === null || request.protocol !== protocolVersion) {
    throw invalid(`this onbox speaks version ${protocolVersion} of the protocol; both machines need the same onbox`);
  }
  const { arguments: words, inputs, outputs } = request;
  if (!Array.isArray(words) || !Array.isArray(inputs) || !Array.isArray(outputs)) throw invalid('a list is missing');
  for (const [i, { digest, bytes, name, beside }] of inputs.entries()) {
    if (beside !== undefined && !(Number.isInteger(beside) && beside >= 0 && beside < i))
      throw invalid('an input lies nowhere');
    if (!/^[0-9a-f]{64}$/.test(digest) || !Number.isSafeInteger(bytes) || bytes < 0) throw invalid('an input has no digest');
    requireFileName(name);
  }
  for (const name of outputs) requireFileName(name);
  return request;
}

/** @throws OnboxError `remote-invalid` if the name would lead out of its folder */
function requireFileName(name: unknown): void {
  if (typeof name !== 'string' || name === '' || name === '.' || name === '..' || /[/\0]/.test(name)) {
    throw invalid('a file has no name');
  }
}

function invalid(why: string, cause?: unknown): OnboxError {
  return new OnboxError(`the request cannot be understood: ${why}`, { code: 'remote-invalid', cause });
}
