// The owner's certificate: read, checked, and read again when it was renewed.

import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { errorMessage, OnboxError } from '../../runtime/index.js';

export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
}

export interface Tls {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** @throws OnboxError `tls-unusable` naming the file, and what is wrong with it */
export async function readTls(files: TlsFiles): Promise<Tls> {
  if (files.cert === '' || files.key === '') {
    throw unusable(`TLS wants both a certificate and its key, got only ${files.cert === '' ? 'the key' : 'the certificate'}`);
  }
  const cert = await read(files.cert);
  const key = await read(files.key);
  if (((await stat(files.key)).mode & 0o007) !== 0) {
    throw unusable(`the TLS key "${files.key}" can be used by everyone; run: chmod 640 ${files.key}`);
  }
  try {
    const certificate = new X509Certificate(cert);
    if (!certificate.checkPrivateKey(createPrivateKey(key))) throw new Error('the key is not that of the certificate');
    createSecureContext({ cert, key });
  } catch (cause) {
    throw unusable(`the certificate "${files.cert}" cannot be used with the key "${files.key}": ${errorMessage(cause)}`, cause);
  }
  return { cert, key };
}

async function read(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw unusable(`the file "${path}" cannot be read`, cause);
  }
}

function unusable(message: string, cause?: unknown): OnboxError {
  return new OnboxError(message, { code: 'tls-unusable', cause });
}
