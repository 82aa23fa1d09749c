// POST /v1/detect: a picture in, objects out.

import { Router } from 'express';
import type { DetectOptions } from '../../runtime/index.js';
import { detectLimits } from '../api/limits.js';
import type { Service } from '../service.js';
import type { MemoryBudget } from './budget.js';
import { refuseMethod } from './errors.js';
import { answerImage } from './infer.js';
import { numberOf, priorityOf, type Query, readQuery } from './query.js';

export function detectRoutes(service: Service, budget: MemoryBudget): Router {
  const router = Router({ caseSensitive: true, strict: true });
  router
    .route('/v1/detect')
    .post(async (request, response) => {
      const query = readQuery(request, ['model', 'min_confidence', 'iou', 'max', 'label[]', 'priority']);
      const options = detectOptions(query);
      const priority = priorityOf(query);
      await answerImage(request, response, budget, (image, wait) =>
        service.detect(query.get('model'), image, options, { ...wait, priority }),
      );
    })
    .all(refuseMethod(['POST']));
  return router;
}

/** What the query does not say, the model or the default does. */
function detectOptions(query: Query): Partial<DetectOptions> {
  const minConfidence = numberOf(query, 'min_confidence', undefined, detectLimits.minConfidence);
  const iou = numberOf(query, 'iou', undefined, detectLimits.iou);
  const max = numberOf(query, 'max', undefined, detectLimits.max);
  const labels = query.get('label')?.split('\n');
  return {
    ...(minConfidence === undefined ? {} : { minConfidence }),
    ...(iou === undefined ? {} : { iou }),
    ...(max === undefined ? {} : { max }),
    ...(labels === undefined ? {} : { labels }),
  };
}
