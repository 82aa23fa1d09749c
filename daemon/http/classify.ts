// POST /v1/classify: a picture in, the most likely classes out.

import { Router } from 'express';
import { classifyDefaults } from '../../runtime/index.js';
import { classifyLimits } from '../api/limits.js';
import type { Service } from '../service.js';
import type { MemoryBudget } from './budget.js';
import { refuseMethod } from './errors.js';
import { answerImage } from './infer.js';
import { numberOf, priorityOf, readQuery } from './query.js';

export function classifyRoutes(service: Service, budget: MemoryBudget): Router {
  const router = Router({ caseSensitive: true, strict: true });
  router
    .route('/v1/classify')
    .post(async (request, response) => {
      const query = readQuery(request, ['model', 'top', 'priority']);
      const top = numberOf(query, 'top', classifyDefaults.top, classifyLimits.top);
      const priority = priorityOf(query);
      await answerImage(request, response, budget, (image, wait) =>
        service.classify(query.get('model'), image, { top }, { ...wait, priority }),
      );
    })
    .all(refuseMethod(['POST']));
  return router;
}
