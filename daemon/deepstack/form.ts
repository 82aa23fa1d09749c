// The form of a DeepStack request: a picture and some short texts, in any order. The listing routes also take urlencoded texts
// and no body at all.

import type { IncomingMessage } from 'node:http';
import { OnboxError } from '../../runtime/index.js';
import { collectBody, hasBody, imageBodyLimits } from '../http/body.js';
import type { MemoryBudget } from '../http/budget.js';
import { parseForm } from '../http/multipart.js';

export interface VisionForm {
  /** The part "image"; undefined if there is none or it is empty. */
  readonly image: Uint8Array | undefined;
  readonly fields: ReadonlyMap<string, string>;
}

/** Far above what keys and thresholds take. */
const textBytesMax = 64 * 1024;

/**
 * Reads the form; nothing of the picture is decoded. The caller calls `release` when the request is over.
 * @throws OnboxError of collectBody; `form-invalid`, `form-too-large`, `image-missing` for a body that is no form
 */
export async function readForm(
  request: IncomingMessage,
  budget: MemoryBudget,
): Promise<{ readonly form: VisionForm; release(): void }> {
  const type = request.headers['content-type'] ?? '';
  const isMultipart = /^multipart\/form-data\b/i.test(type);
  const isUrlencoded = /^application\/x-www-form-urlencoded\b/i.test(type);
  if (!hasBody(request)) return { form: { image: undefined, fields: new Map() }, release: () => undefined };
  if (!isMultipart && !isUrlencoded) {
    throw new OnboxError('the body is no form with a field "image"', { code: 'image-missing' });
  }
  const limits = isMultipart ? imageBodyLimits : { ...imageBodyLimits, bytesMax: textBytesMax };
  const { bytes, release } = await collectBody(request, limits, budget);
  try {
    return { form: isMultipart ? await multipartForm(bytes, type) : urlencodedForm(bytes), release };
  } catch (error) {
    release();
    throw error;
  }
}

async function multipartForm(bytes: Uint8Array, type: string): Promise<VisionForm> {
  const images: Uint8Array[] = [];
  const fields = new Map<string, string>();
  const onFile = (name: string, file: Uint8Array): void => {
    if (name === 'image') images.push(file);
  };
  await parseForm(bytes, type, onFile, (name, text) => fields.set(name, text));
  if (images.length > 1) throw new OnboxError('the form has more than one field "image"', { code: 'form-invalid' });
  const [image] = images;
  return { image: image?.byteLength === 0 ? undefined : image, fields };
}

function urlencodedForm(bytes: Uint8Array): VisionForm {
  return { image: undefined, fields: new Map(new URLSearchParams(Buffer.from(bytes).toString('utf8'))) };
}
