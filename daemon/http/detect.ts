// POST /v1/detect: a picture in, objects out.

import { Router } from 'express';
import type { DetectOptions } from '../../runtime/index.js';
import { type Query, queries } from '../api/queries.js';
import type { Service } from '../service.js';
import type { MemoryBudget } from './budget.js';
import { refuseMethod } from './errors.js';
import { answerImage } from './infer.js';
import { priorityOf, readQuery } from './query.js';

export function detectRoutes(service: Service, budget: MemoryBudget): Router {
  const router = Router({ caseSensitive: true, strict: true });
  router
    .route('/v1/detect')
    .post(async (request, response) => {
      const query = readQuery(request, queries.detect);
      const options = detectOptions(query);
      const priority = priorityOf(query);
      await answerImage(request, response, budget, (image, wait) =>
        service.detect(query.model, image, options, { ...wait, priority }),
      );
    })
    .all(refuseMethod(['POST']));
  return router;
}

/** What the query does not say, the model or the default does. */
function detectOptions({ min_confidence: minConfidence, iou, max, label: labels }: Query<'detect'>): Partial<DetectOptions> {
  return {
    ...(minConfidence === undefined ? {} : { minConfidence }),
    ...(iou === undefined ? {} : { iou }),
    ...(max === undefined ? {} : { max }),
    ...(labels === undefined ? {} : { labels }),
  };
}
