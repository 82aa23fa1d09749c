// GET /v1/ps: the models that are loaded, what memory they take and when they go.

import { Router } from 'express';
import { queries } from '../api/queries.js';
import type { Service } from '../service.js';
import { refuseMethod } from './errors.js';
import { readQuery } from './query.js';

export function loadedRoutes(service: Service): Router {
  const router = Router({ caseSensitive: true, strict: true });
  router
    .route('/v1/ps')
    .get((request, response) => {
      readQuery(request, queries.none);
      response.json(service.loaded());
    })
    .all(refuseMethod(['GET', 'HEAD']));
  return router;
}
