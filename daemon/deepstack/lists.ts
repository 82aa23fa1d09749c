// Which custom models there are: /v1/vision/custom/list for clients that let their user choose, /v1/vision/listmodels for owners.

import { stat } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { type Request, type Response, Router } from 'express';
import type { MemoryBudget } from '../http/budget.js';
import { refuseMethod } from '../http/errors.js';
import type { Keys } from '../http/keys.js';
import type { ModelStore, StoredModel } from '../store/store.js';
import { readForm } from './form.js';
import { type KeyField, requireFormKey } from './key.js';

/** DeepStack's megabyte. */
const megabyte = 1_000_000;

export interface ListParts {
  readonly store: ModelStore;
  /** The memory that the body of a request is taken from. */
  budgetFor(request: IncomingMessage): MemoryBudget;
  readonly keys: Keys | undefined;
}

export function listRoutes({ store, budgetFor, keys }: ListParts): Router {
  const router = Router({ caseSensitive: true, strict: true });

  async function checkKey(request: Request, field: KeyField): Promise<void> {
    const { form, release } = await readForm(request, budgetFor(request));
    release();
    requireFormKey(request, form, field, keys);
  }
  async function answerNames(response: Response): Promise<void> {
    const models = await detectors(store);
    response.json({ success: true, models: models.map(({ name }) => name), code: 200, command: 'list-custom' });
  }

  router
    .route('/v1/vision/custom/list')
    .get(async (_request, response) => await answerNames(response))
    .post(async (request, response) => {
      await checkKey(request, 'api_key');
      await answerNames(response);
    })
    .all(refuseMethod(['GET', 'HEAD', 'POST']));
  router
    .route('/v1/vision/listmodels')
    .post(async (request, response) => {
      await checkKey(request, 'admin_key');
      const models = await detectors(store);
      response.json({ models: await Promise.all(models.map(describe)), success: true });
    })
    .all(refuseMethod(['POST']));
  return router;
}

async function detectors(store: ModelStore): Promise<readonly StoredModel[]> {
  const { models } = await store.list();
  return models.filter(({ record }) => record.task === 'detect');
}

async function describe({ name, onnx, record }: StoredModel) {
  // A model may be removed while it is listed.
  const bytes = await stat(onnx).then(
    ({ size }) => size,
    () => 0,
  );
  return { name, dateupdated: record.installedAt, modelsize: bytes / megabyte };
}
