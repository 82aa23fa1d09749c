// GET /v1/health: does the daemon live, can it answer pictures now, and if not, what is to be done?

import { Router } from 'express';
import type { HealthReport } from '../api/types.js';
import { bearsKey } from '../deepstack/key.js';
import type { Service } from '../service.js';
import { refuseMethod } from './errors.js';
import type { Keys } from './keys.js';

export function healthRoutes(service: Service, keys: Keys | undefined): Router {
  const router = Router({ caseSensitive: true, strict: true });
  router
    .route('/v1/health')
    .get(async (request, response) => {
      const { models, ...report }: HealthReport = await service.report();
      const isOwner = keys === undefined || bearsKey(request, keys);
      response.status(report.status === 'ok' ? 200 : 503).json(isOwner ? { ...report, models } : report);
    })
    .all(refuseMethod(['GET', 'HEAD']));
  return router;
}
