// POST /v1/classify: a picture in, the most likely classes out.

import { Router } from 'express';
import { classifyDefaults } from '../../runtime/index.js';
import { classifyLimits } from '../api/limits.js';
import type { Service } from '../service.js';
import type { MemoryBudget } from './budget.js';
import { refuseMethod } from './errors.js';
import { answerImage } from './infer.js';
import { numberOf, readQuery } from './query.js';

export function classifyRoutes(service: Service, budget: MemoryBudget): Router {
  const router = Router({ caseSensitive: true, strict: true });
  router
    .route('/v1/classify')
    .post(async (request, response) => {
      const query = readQuery(request, ['model', 'top']);
      const top = numberOf(query, 'top', classifyDefaults.top, classifyLimits.top);
      await answerImage(request, response, budget, (image, signal) =>
        service.classify(query.get('model'), image, { top }, signal),
      );
    })
    .all(refuseMethod(['POST']));
  return router;
}
