// The picture of a request: as the raw body, as the field "image" of a form, or as base64 in JSON. What kind of picture it
// is, its bytes say; names and types that the client gives are not believed.

import type { IncomingMessage } from 'node:http';
import { OnboxError } from '../../runtime/index.js';
import { printFact } from '../log.js';
import { collectBody, imageBodyLimits } from './body.js';
import type { MemoryBudget } from './budget.js';
import { readImageField } from './multipart.js';

/** Marks of structure (commas and brackets) that the JSON of one picture may hold; base64 has none. */
const jsonMarksMax = 64;

/**
 * Reads the picture. The caller calls `release` when the request is over.
 * @throws OnboxError of collectBody; `type-unsupported`, `json-invalid`, `base64-invalid`, `form-invalid`, `image-missing`
 */
export async function readImageBody(
  request: IncomingMessage,
  budget: MemoryBudget,
): Promise<{ readonly image: Uint8Array; release(): void }> {
  const type = mediaType(request);
  const pick = pickerOf(type);
  const { bytes, release } = await collectBody(request, imageBodyLimits, budget);
  try {
    return { image: await pick(bytes, request), release };
  } catch (error) {
    release();
    throw error;
  }
}

type Picker = (body: Uint8Array, request: IncomingMessage) => Uint8Array | Promise<Uint8Array>;

function pickerOf(type: string): Picker {
  if (type === '' || type === 'application/octet-stream' || type.startsWith('image/')) return (body) => body;
  if (type === 'application/json') return imageOfJson;
  if (type === 'multipart/form-data') return (body, request) => readImageField(body, request.headers['content-type'] ?? '');
  throw new OnboxError(
    `a picture comes as image/*, application/octet-stream, multipart/form-data or application/json, not as ${printFact(type.slice(0, 80))}`,
    { code: 'type-unsupported' },
  );
}

function mediaType(request: IncomingMessage): string {
  return (request.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

function imageOfJson(body: Uint8Array): Uint8Array {
  requireFlatJson(body);
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8'));
  } catch (cause) {
    throw new OnboxError('the body is not JSON', { code: 'json-invalid', cause });
  }
  if (typeof value !== 'object' || value === null || !('image' in value) || typeof value.image !== 'string') {
    throw new OnboxError('the JSON body wants the form {"image": "<base64>"}', { code: 'json-invalid' });
  }
  return decodeBase64(value.image);
}

/** Refuses JSON that is more than a small object before the parser spends time and stack on it. */
function requireFlatJson(body: Uint8Array): void {
  let marks = 0;
  for (const byte of body) {
    // "," "[" "{"
    if (byte === 0x2c || byte === 0x5b || byte === 0x7b) marks++;
    if (marks > jsonMarksMax) throw new OnboxError('the JSON body holds more than one picture', { code: 'json-invalid' });
  }
}

/** @throws OnboxError `base64-invalid` for anything but plain base64: no data: URL, no address, no line breaks */
function decodeBase64(text: string): Uint8Array {
  const bytes = Buffer.from(text, 'base64');
  // The decoder skips what it does not know, so a wrong character shows in the length.
  const digits = text.endsWith('==') ? text.length - 2 : text.endsWith('=') ? text.length - 1 : text.length;
  if (digits === 0 || bytes.byteLength !== Math.floor((digits * 3) / 4)) {
    throw new OnboxError('"image" is not base64', { code: 'base64-invalid' });
  }
  return bytes;
}
