// The key of a DeepStack client: a field of the form, or the header that all other clients use.

import type { IncomingMessage } from 'node:http';
import { OnboxError } from '../../runtime/index.js';
import type { Keys } from '../http/keys.js';
import type { VisionForm } from './form.js';

export type KeyField = 'api_key' | 'admin_key';

const codes = { api_key: 'api-key-wrong', admin_key: 'admin-key-wrong' } as const;

/** True if the key stands in the header, so that it is known before the body. */
export function bearsKey(request: IncomingMessage, keys: Keys): boolean {
  const given = /^Bearer ([^ ]+)$/i.exec(request.headers.authorization ?? '')?.[1];
  return given !== undefined && keys.accepts(given);
}

/**
 * @param keys of which one is asked for; nothing is if undefined
 * @throws OnboxError `api-key-wrong`, `admin-key-wrong`
 */
export function requireFormKey(request: IncomingMessage, form: VisionForm, field: KeyField, keys: Keys | undefined): void {
  if (keys === undefined) return;
  const given = [form.fields.get(field), form.fields.get('api_key')];
  if (bearsKey(request, keys) || given.some((text) => text !== undefined && keys.accepts(text))) return;
  throw new OnboxError(`the field "${field}" does not hold the key`, { code: codes[field] });
}
