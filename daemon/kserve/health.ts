// GET /v2 and /v2/health: which server this is, and whether it lives and can answer.

import { Router } from 'express';
import { OnboxError } from '../../runtime/index.js';
import { refuseMethod } from '../http/errors.js';
import type { Service } from '../service.js';

/** Triton's names of what works here. */
const extensions = [
  'classification',
  'model_configuration',
  'model_repository',
  'parameters',
  'statistics',
  'binary_tensor_data',
];

/** @param name that the server goes by; some of Triton's samples insist on "triton" */
export function healthRoutes(service: Service, name: string): Router {
  const router = Router({ caseSensitive: true, strict: true });
  router
    .route('/v2')
    .get((_request, response) => {
      response.json({ name, version: service.health().version, extensions });
    })
    .all(refuseMethod(['GET', 'HEAD']));
  router
    .route('/v2/health/live')
    .get((_request, response) => {
      response.status(200).end();
    })
    .all(refuseMethod(['GET', 'HEAD']));
  router
    .route('/v2/health/ready')
    .get((_request, response) => {
      if (!service.health().engine.ready) throw new OnboxError('the engine is starting', { code: 'server-not-ready' });
      response.status(200).end();
    })
    .all(refuseMethod(['GET', 'HEAD']));
  return router;
}
