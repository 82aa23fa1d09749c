// What a client may change about its stream: the text messages, checked field by field.

import { OnboxError } from '../../runtime/index.js';
import { type Fields, numberOf, objectOf, oneOf, shown, truthOf } from '../track/fields.js';
import { changeWatch, requireKnown, type WatchSettings, watchAtFirst } from '../track/settings.js';

export interface StreamSettings extends WatchSettings {
  /** `latest`: a newer frame replaces the one that waits. `all`: every frame is answered, and the client keeps within its credit. */
  readonly policy: 'latest' | 'all';
  /** Frames that may be unanswered under `all`. */
  readonly credit: number;
  readonly track: boolean;
}

export const settingsAtFirst: StreamSettings = { ...watchAtFirst, policy: 'latest', credit: 2, track: true };

const creditMax = 16;

export type ClientMessage =
  | { readonly type: 'config'; readonly seq: number; readonly settings: StreamSettings }
  | { readonly type: 'image'; readonly base64: string };

/**
 * @param before the settings that a config changes
 * @throws OnboxError `bad-message`, `bad-config` or `scene-bad`; its details hold the message's `seq` if it had one
 */
export function readMessage(text: string, before: StreamSettings): ClientMessage {
  const fields = objectOf(parse(text), 'a message', 'bad-message');
  if (typeof fields['image'] === 'string' && fields['type'] === undefined) return { type: 'image', base64: fields['image'] };
  const { type, seq: given, ...changes } = fields;
  if (type !== 'config') {
    throw new OnboxError(`the type of a message is "config", got ${shown(type)}`, { code: 'bad-message' });
  }
  const seq = numberOf(given ?? 0, 'seq', 0, Number.MAX_SAFE_INTEGER, true);
  try {
    return { type: 'config', seq, settings: change(before, changes) };
  } catch (error) {
    if (error instanceof OnboxError) throw new OnboxError(error.message, { code: error.code, cause: error, details: { seq } });
    throw error;
  }
}

/** @throws OnboxError `bad-config`, `scene-bad` */
function change(before: StreamSettings, fields: Fields): StreamSettings {
  const { settings, others } = changeWatch(before, fields);
  const { policy, credit, track, ...rest } = others;
  requireKnown(rest);
  return {
    ...settings,
    policy: policy === undefined ? before.policy : oneOf(policy, 'policy', ['latest', 'all'] as const),
    credit: credit === undefined ? before.credit : numberOf(credit, 'credit', 1, creditMax, true),
    track: track === undefined ? before.track : truthOf(track, 'track'),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new OnboxError('the message is not JSON', { code: 'bad-message', cause });
  }
}
