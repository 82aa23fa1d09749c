// What the routes under /v1 answer, as schemas for the OpenAPI document. types.ts says the same to the compiler; tests hold real answers
// to these.

import { z } from 'zod';

const count = z.int().min(0);
const ms = z.number().min(0).meta({ description: 'milliseconds' });
const name = z.string().meta({ description: 'name of a model' });
const version = z.int().min(1);
const task = z.enum(['detect', 'classify', 'embed', 'other']);
const time = z.iso.datetime().meta({ description: 'ISO 8601, UTC' });
const box = z.array(z.number()).length(4).meta({ description: 'left, top, right, bottom in pixels of the upright picture' });
const times = z.strictObject({ decode: ms, queue: ms, infer: ms, post: ms });
const size = z.strictObject({ width: count, height: count }).meta({ description: 'of the upright picture, in pixels' });
const confidence = z.number().min(0).max(1);
const landmarks = z.array(z.array(z.number()).length(2));
const facts = z.record(z.string(), z.unknown());

export const error = z.strictObject({
  error: z.strictObject({
    code: z.string().meta({ description: 'stable, for programs' }),
    message: z.string().meta({ description: 'for people' }),
    details: facts.optional(),
  }),
});

/** An object that is described elsewhere. */
export const anything = facts;

export const detect = z.strictObject({
  model: name,
  version,
  image: size,
  objects: z
    .array(z.strictObject({ label: z.string(), class: count, confidence, box, landmarks: landmarks.optional() }))
    .meta({ description: 'most confident first' }),
  ms: times,
});

export const classify = z.strictObject({
  model: name,
  version,
  classes: z.array(z.strictObject({ label: z.string(), class: count, confidence: z.number() })),
  ms: times,
});

export const track = z.looseObject({
  objects: z.array(z.looseObject({ id: z.int(), label: z.string(), confidence, box, zones: z.array(z.string()) })),
  events: z.array(
    z.looseObject({ event: z.enum(['new', 'end', 'enter', 'leave', 'cross']), track: z.int(), label: z.string() }),
  ),
});

export const sessions = z.strictObject({ sessions: z.array(facts) });

const summary = { name, version, task, default: z.boolean(), installedAt: time };
const tensor = z.strictObject({ name: z.string(), dtype: z.string(), shape: z.array(count) });

export const models = z.strictObject({
  models: z.array(z.strictObject(summary)),
  damaged: z.array(z.strictObject({ name: z.string(), error: error.shape.error })),
});

export const model = z.looseObject({
  ...summary,
  digest: z.string().meta({ description: 'SHA-256 of the ONNX file, hex' }),
  inputs: z.array(tensor),
  outputs: z.array(tensor),
  labels: z.array(z.string()),
  head: z.string().nullable(),
  device: z.string(),
  report: facts,
});

export const job = z.looseObject({
  id: z.string(),
  kind: z.enum(['compile', 'tune']),
  model: name,
  state: z.enum(['queued', 'running', 'done', 'failed', 'cancelled']),
  error: error.shape.error.optional(),
});

export const jobs = z.strictObject({ jobs: z.array(job) });

export const loaded = z.strictObject({
  models: z.array(
    z.strictObject({
      name,
      version,
      memory: count.meta({ description: 'bytes' }),
      loadMs: ms,
      loadedAt: time,
      lastUsedAt: time,
      expiresAt: time.nullable(),
    }),
  ),
  memory: z.strictObject({ taken: count, max: z.number() }).meta({ description: 'bytes of all together' }),
});

const complaint = { ok: z.boolean(), problem: z.string().optional(), cure: z.string().optional() };

export const health = z.looseObject({
  status: z.enum(['ok', 'starting']),
  version: z.string(),
  engine: z.looseObject({ ready: z.boolean(), restarts: count, queued: count, running: count }),
  jobs: z.looseObject({ running: count, queued: count }),
  uptimeSeconds: count,
  devices: z.array(z.looseObject({ device: z.string(), ...complaint })),
  models: z.array(z.looseObject({ name: z.string(), ...complaint })).optional(),
});

export const ticket = z.strictObject({ ticket: z.string(), expires_s: z.number() });
