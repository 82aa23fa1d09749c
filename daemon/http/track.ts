// /v1/track: sessions that follow objects from one posted picture to the next.

import { type Request, Router } from 'express';
import { OnboxError } from '../../runtime/index.js';
import { detectLimits } from '../api/limits.js';
import { printFact } from '../log.js';
import { objectOf } from '../track/fields.js';
import { sessionLimits, type TrackRequest, type TrackSessions } from '../track/sessions.js';
import { type BodyLimits, collectBody } from './body.js';
import type { MemoryBudget } from './budget.js';
import { refuseMethod } from './errors.js';
import { answerImage } from './infer.js';
import { numberOf, priorityOf, type Query, readQuery } from './query.js';

/** Of a configuration: room for the largest scene. */
const configLimits: BodyLimits = { bytesMax: 512 * 1024, timeoutMs: 60_000, piecesMax: 65_536 };

export function trackRoutes(sessions: TrackSessions, budget: MemoryBudget): Router {
  const router = Router({ caseSensitive: true, strict: true });
  router
    .route('/v1/track')
    .get((request, response) => {
      readQuery(request, []);
      response.json({ sessions: sessions.list() });
    })
    .all(refuseMethod(['GET', 'HEAD']));
  router
    .route('/v1/track/:session')
    .post(async (request, response) => {
      const asked = trackRequest(readQuery(request, ['model', 'min_confidence', 'pts_us', 'ttl_s', 'priority']));
      await answerImage(request, response, budget, (image, wait) => sessions.track(request.params.session, image, asked, wait));
    })
    .put(async (request, response) => {
      readQuery(request, []);
      const { bytes, release } = await collectBody(request, configLimits, budget);
      try {
        response.json(await sessions.configure(request.params.session, objectOf(parse(bytes), 'the configuration')));
      } finally {
        release();
      }
    })
    .get((request: Request<{ session: string }>, response) => {
      readQuery(request, []);
      response.json(sessions.describe(request.params.session));
    })
    .delete((request: Request<{ session: string }>, response) => {
      sessions.end(request.params.session);
      response.status(204).end();
    })
    .all(refuseMethod(['GET', 'HEAD', 'POST', 'PUT', 'DELETE']));
  return router;
}

function trackRequest(query: Query): TrackRequest {
  const has = (name: string): boolean => query.has(name);
  const { min, max, usual } = sessionLimits.ttlS;
  return {
    model: query.get('model'),
    minConfidence: has('min_confidence') ? numberOf(query, 'min_confidence', 0, detectLimits.minConfidence) : undefined,
    ptsUs: has('pts_us') ? microsecondsOf(query.get('pts_us') ?? '') : undefined,
    priority: priorityOf(query),
    ttlS: has('ttl_s') ? numberOf(query, 'ttl_s', usual, { min, max, whole: true }) : undefined,
  };
}

/** Clocks since 1970 have more digits than other numbers of a query. */
function microsecondsOf(text: string): number {
  const value = /^[0-9]{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (value <= Number.MAX_SAFE_INTEGER) return value;
  throw new OnboxError(`"pts_us" wants a whole number of microseconds, got ${printFact(text.slice(0, 80))}`, {
    code: 'query-invalid',
  });
}

function parse(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8'));
  } catch (cause) {
    throw new OnboxError('the body is not JSON', { code: 'json-invalid', cause });
  }
}
