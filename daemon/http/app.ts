// The express app: the guard, one router a resource, and the two handlers at the end.

import express, { type Express } from 'express';
import { deepstackErrors, deepstackRoutes } from '../deepstack/index.js';
import type { DeepstackOptions } from '../deepstack/options.js';
import type { JobBook } from '../jobs/book.js';
import { kserveErrors, kserveRoutes } from '../kserve/index.js';
import type { Log } from '../log.js';
import { metricsRoutes } from '../metrics/metrics.js';
import type { Service } from '../service.js';
import type { ModelStore } from '../store/store.js';
import type { TrackSessions } from '../track/sessions.js';
import type { MemoryBudget } from './budget.js';
import { classifyRoutes } from './classify.js';
import { detectRoutes } from './detect.js';
import { answerNoSocket, answerUnknownRoute, createErrorHandler } from './errors.js';
import { createGuard, type GuardOptions } from './guard.js';
import { healthRoutes } from './health.js';
import { jobRoutes } from './jobs.js';
import type { Traffic } from './listen.js';
import { loadedRoutes } from './loaded.js';
import { type ModelRouteOptions, modelRoutes } from './models.js';
import { openapiRoutes } from './openapi.js';
import { type Tickets, ticketRoutes } from './tickets.js';
import { trackRoutes } from './track.js';

export interface AppOptions extends GuardOptions, ModelRouteOptions {
  readonly service: Service;
  readonly store: ModelStore;
  /** Of the jobs of this home. */
  readonly book: JobBook;
  readonly log: Log;
  /** Of all picture bodies together. */
  readonly budget: MemoryBudget;
  readonly tickets: Tickets;
  readonly sessions: TrackSessions;
  /** How many WebSockets are open. */
  streams(): number;
  /** Bytes of all connections since the start. */
  traffic(): Traffic;
  readonly deepstack?: DeepstackOptions | undefined;
  /** The server's name under /v2. */
  readonly kserveName?: string | undefined;
}

export function createApp(options: AppOptions): Express {
  const { service, store, log, budget, sessions } = options;
  const app = express();
  app.disable('x-powered-by').disable('etag');
  app.enable('strict routing').enable('case sensitive routing');
  app.use((_request, response, next) => {
    response.set({ 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' });
    next();
  });
  app.use(createGuard(options));
  app.use(detectRoutes(service, budget));
  app.use(classifyRoutes(service, budget));
  app.use(trackRoutes(sessions, budget));
  app.use(modelRoutes(service, store, options.book, options));
  app.use(jobRoutes(service, options.book));
  app.use(loadedRoutes(service));
  app.use(openapiRoutes(service.health().version));
  app.use(healthRoutes(service, options.keys));
  app.use(metricsRoutes({ service, budget, streams: options.streams, traffic: options.traffic }));
  app.use(ticketRoutes(options.tickets));
  app.all('/v1/stream', answerNoSocket);
  app.use(deepstackRoutes({ service, store, budget, keys: options.keys }, options.deepstack));
  app.use(kserveRoutes({ service, store, budget, modelBytesMax: options.modelBytesMax }, options.kserveName));
  app.use(answerUnknownRoute);
  app.use('/v2', kserveErrors(log));
  app.use('/v1/vision', deepstackErrors(log));
  app.use(createErrorHandler(log));
  return app;
}
