// POST /v1/classify: a picture in, the most likely classes out.

import { Router } from 'express';
import { queries } from '../api/queries.js';
import type { Service } from '../service.js';
import type { MemoryBudget } from './budget.js';
import { refuseMethod } from './errors.js';
import { answerImage } from './infer.js';
import { priorityOf, readQuery } from './query.js';

export function classifyRoutes(service: Service, budget: MemoryBudget): Router {
  const router = Router({ caseSensitive: true, strict: true });
  router
    .route('/v1/classify')
    .post(async (request, response) => {
      const query = readQuery(request, queries.classify);
      const priority = priorityOf(query);
      await answerImage(request, response, budget, (image, wait) =>
        service.classify(query.model, image, { top: query.top }, { ...wait, priority }),
      );
    })
    .all(refuseMethod(['POST']));
  return router;
}
