// KServe v2 (the Open Inference Protocol) over the daemon's own verbs, for clients of Triton and OpenVINO Model Server.

import { Router } from 'express';
import { createErrorHandler } from '../http/errors.js';
import type { Log } from '../log.js';
import { printKserveError } from './errors.js';
import { LoadStates } from './find.js';
import { healthRoutes } from './health.js';
import { inferRoutes } from './infer.js';
import { modelRoutes } from './models.js';
import type { KserveParts } from './parts.js';
import { repositoryRoutes } from './repository.js';

export function kserveRoutes(parts: Omit<KserveParts, 'states'>, serverName = 'onbox'): Router {
  const router = Router({ caseSensitive: true, strict: true });
  const shared = { ...parts, states: new LoadStates() };
  router.use(healthRoutes(parts.service, serverName));
  router.use(modelRoutes(shared));
  router.use(inferRoutes(shared));
  router.use(repositoryRoutes(shared));
  return router;
}

/** For what was thrown under /v2, also before a route was reached. */
export function kserveErrors(log: Log) {
  return createErrorHandler(log, printKserveError);
}
