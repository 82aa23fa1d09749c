// DeepStack and CodeProject.AI over the daemon's own verbs, so that cameras and home automation that speak them need no change.

import { Router } from 'express';
import { createErrorHandler } from '../http/errors.js';
import type { Log } from '../log.js';
import { printDeepstackError } from './errors.js';
import { type ListParts, listRoutes } from './lists.js';
import { deepstackDefaults } from './options.js';
import { statusRoutes } from './status.js';
import { type VisionParts, visionRoutes } from './vision.js';

export function deepstackRoutes(parts: ListParts & Omit<VisionParts, 'options'>, options = deepstackDefaults): Router {
  const router = Router({ caseSensitive: true, strict: true });
  // The lists come first: "list" is no custom model.
  router.use(listRoutes(parts));
  router.use(visionRoutes({ ...parts, options }));
  router.use(statusRoutes(parts.service));
  return router;
}

/** For what was thrown under /v1/vision, also before a route was reached. */
export function deepstackErrors(log: Log) {
  return createErrorHandler(log, printDeepstackError);
}
