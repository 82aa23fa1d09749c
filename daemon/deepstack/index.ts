// DeepStack and CodeProject.AI over the daemon's own verbs, so that cameras and home automation that speak them need no change.

import type { IncomingMessage } from 'node:http';
import { Router } from 'express';
import { MemoryBudget } from '../http/budget.js';
import { createErrorHandler } from '../http/errors.js';
import type { Keys } from '../http/keys.js';
import type { Log } from '../log.js';
import type { Service } from '../service.js';
import type { ModelStore } from '../store/store.js';
import { printDeepstackError } from './errors.js';
import { bearsKey } from './key.js';
import { listRoutes } from './lists.js';
import { deepstackDefaults } from './options.js';
import { statusRoutes } from './status.js';
import { visionRoutes } from './vision.js';

export interface DeepstackParts {
  readonly service: Service;
  readonly store: ModelStore;
  readonly budget: MemoryBudget;
  /** The keys of which requests must bear one; none is asked for if undefined. */
  readonly keys: Keys | undefined;
}

export function deepstackRoutes({ service, store, budget, keys }: DeepstackParts, options = deepstackDefaults): Router {
  const strangers = new MemoryBudget(options.strangerBytesMax);
  const budgetFor = (request: IncomingMessage): MemoryBudget =>
    keys === undefined || bearsKey(request, keys) ? budget : strangers;
  const router = Router({ caseSensitive: true, strict: true });
  // The lists come first: "list" is no custom model.
  router.use(listRoutes({ store, budgetFor, keys }));
  router.use(visionRoutes({ service, budgetFor, keys, options }));
  router.use(statusRoutes(service));
  return router;
}

/** For what was thrown under /v1/vision, also before a route was reached. */
export function deepstackErrors(log: Log) {
  return createErrorHandler(log, printDeepstackError);
}
