// POST /v1/detect: a picture in, objects out.

import { Router } from 'express';
import { type DetectOptions, detectDefaults } from '../../runtime/index.js';
import { detectLimits } from '../api/limits.js';
import type { Service } from '../service.js';
import type { MemoryBudget } from './budget.js';
import { refuseMethod } from './errors.js';
import { answerImage } from './infer.js';
import { numberOf, type Query, readQuery } from './query.js';

export function detectRoutes(service: Service, budget: MemoryBudget): Router {
  const router = Router({ caseSensitive: true, strict: true });
  router
    .route('/v1/detect')
    .post(async (request, response) => {
      const query = readQuery(request, ['model', 'min_confidence', 'iou', 'max']);
      const options = detectOptions(query);
      await answerImage(request, response, budget, (image, signal) =>
        service.detect(query.get('model'), image, options, signal),
      );
    })
    .all(refuseMethod(['POST']));
  return router;
}

function detectOptions(query: Query): DetectOptions {
  return {
    minConfidence: numberOf(query, 'min_confidence', detectDefaults.minConfidence, detectLimits.minConfidence),
    iou: numberOf(query, 'iou', detectDefaults.iou, detectLimits.iou),
    max: numberOf(query, 'max', detectDefaults.max, detectLimits.max),
  };
}
