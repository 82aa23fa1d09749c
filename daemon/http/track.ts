// /v1/track: sessions that follow objects from one posted picture to the next.

import { type Request, Router } from 'express';
import { OnboxError } from '../../runtime/index.js';
import { type Query, queries } from '../api/queries.js';
import { objectOf } from '../track/fields.js';
import type { TrackRequest, TrackSessions } from '../track/sessions.js';
import { type BodyLimits, collectBody } from './body.js';
import type { MemoryBudget } from './budget.js';
import { refuseMethod } from './errors.js';
import { answerImage } from './infer.js';
import { priorityOf, readQuery } from './query.js';

/** Of a configuration: room for the largest scene. */
const configLimits: BodyLimits = { bytesMax: 512 * 1024, timeoutMs: 60_000, piecesMax: 65_536 };

export function trackRoutes(sessions: TrackSessions, budget: MemoryBudget): Router {
  const router = Router({ caseSensitive: true, strict: true });
  router
    .route('/v1/track')
    .get((request, response) => {
      readQuery(request, queries.none);
      response.json({ sessions: sessions.list() });
    })
    .all(refuseMethod(['GET', 'HEAD']));
  router
    .route('/v1/track/:session')
    .post(async (request, response) => {
      const asked = trackRequest(readQuery(request, queries.track));
      await answerImage(request, response, budget, (image, wait) => sessions.track(request.params.session, image, asked, wait));
    })
    .put(async (request, response) => {
      readQuery(request, queries.none);
      const { bytes, release } = await collectBody(request, configLimits, budget);
      try {
        response.json(await sessions.configure(request.params.session, objectOf(parse(bytes), 'the configuration')));
      } finally {
        release();
      }
    })
    .get((request: Request<{ session: string }>, response) => {
      readQuery(request, queries.none);
      response.json(sessions.describe(request.params.session));
    })
    .delete((request: Request<{ session: string }>, response) => {
      sessions.end(request.params.session);
      response.status(204).end();
    })
    .all(refuseMethod(['GET', 'HEAD', 'POST', 'PUT', 'DELETE']));
  return router;
}

function trackRequest(query: Query<'track'>): TrackRequest {
  const { model, min_confidence: minConfidence, pts_us: ptsUs, ttl_s: ttlS } = query;
  return { model, minConfidence, ptsUs, ttlS, priority: priorityOf(query) };
}

function parse(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8'));
  } catch (cause) {
    throw new OnboxError('the body is not JSON', { code: 'json-invalid', cause });
  }
}
