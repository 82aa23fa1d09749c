// GET /v1/health: does the daemon live, and can it answer pictures now?

import { Router } from 'express';
import type { Service } from '../service.js';
import { refuseMethod } from './errors.js';

export function healthRoutes(service: Service): Router {
  const router = Router({ caseSensitive: true, strict: true });
  router
    .route('/v1/health')
    .get((_request, response) => {
      const health = service.health();
      response.status(health.status === 'ok' ? 200 : 503).json(health);
    })
    .all(refuseMethod(['GET', 'HEAD']));
  return router;
}
