// /v2/models/M: metadata, readiness, configuration and statistics of a model; /v2/models/stats for all of them.

import { Router } from 'express';
import { OnboxError } from '../../runtime/index.js';
import { refuseMethod } from '../http/errors.js';
import type { StoredModel } from '../store/store.js';
import { configOf, metadataOf, statisticsOf } from './describe.js';
import { findLoaded, findModel } from './find.js';
import type { KserveParts } from './parts.js';

/** The two spellings of a model's path. */
export function modelPaths(suffix: string): string[] {
  return [`/v2/models/:name${suffix}`, `/v2/models/:name/versions/:version${suffix}`];
}

export function modelRoutes({ service, store, states }: KserveParts): Router {
  const router = Router({ caseSensitive: true, strict: true });
  const statistics = (model: StoredModel) => statisticsOf(model, service.statistics.of(model.name, model.version));

  // Before the models: "stats" is no model's name.
  router
    .route('/v2/models/stats')
    .get(async (_request, response) => {
      const { models } = await store.list();
      response.json({ model_stats: models.filter((model) => !states.isUnloaded(model)).map(statistics) });
    })
    .all(refuseMethod(['GET', 'HEAD']));

  const describe = (suffix: string, print: (model: StoredModel) => object): void => {
    router
      .route(modelPaths(suffix))
      .get(async (request, response) => {
        const { name, version } = request.params as { name: string; version?: string };
        response.json(print(await findLoaded(service, states, name, version)));
      })
      .all(refuseMethod(['GET', 'HEAD']));
  };
  describe('', metadataOf);
  describe('/config', configOf);
  describe('/stats', (model) => ({ model_stats: [statistics(model)] }));

  router
    .route(modelPaths('/ready'))
    .get(async (request, response) => {
      const { name, version } = request.params as { name: string; version?: string };
      const model = await findModel(service, name, version);
      if (states.isUnloaded(model)) throw new OnboxError('Model version not ready', { code: 'model-not-ready' });
      response.status(200).end();
    })
    .all(refuseMethod(['GET', 'HEAD']));
  return router;
}
