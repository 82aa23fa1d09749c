// /v2/repository: which models there are, loading and unloading them.

import { type Request, Router } from 'express';
import { errorCode, errorMessage, OnboxError } from '../../runtime/index.js';
import { refuseMethod } from '../http/errors.js';
import { inferBodyLimits, readObject } from './body.js';
import { maxBatchOf } from './describe.js';
import { clip, invalid } from './errors.js';
import { fieldOf, fieldsOf, flagOf } from './fields.js';
import { findLoaded } from './find.js';
import { installFile, parseLoadRequest } from './load.js';
import type { KserveParts } from './parts.js';

export function repositoryRoutes(parts: KserveParts): Router {
  const { budget, service, states } = parts;
  const router = Router({ caseSensitive: true, strict: true });
  router
    .route(['/v2/repository/index', '/v2/repository/:repository/index'])
    .post(async (request, response) => {
      requireNoRepository(request);
      const isReadyOnly = flagOf(await readObject(request, budget), 'ready') ?? false;
      const models = await indexOf(parts);
      response.json(isReadyOnly ? models.filter(({ state }) => state === 'READY') : models);
    })
    .all(refuseMethod(['POST']));
  router
    .route(['/v2/repository/models/:name/load', '/v2/repository/:repository/models/:name/load'])
    .post(async (request, response) => {
      requireNoRepository(request);
      await load(parts, request, (request.params as { name: string }).name);
      response.status(200).end();
    })
    .all(refuseMethod(['POST']));
  router
    .route(['/v2/repository/models/:name/unload', '/v2/repository/:repository/models/:name/unload'])
    .post(async (request, response) => {
      requireNoRepository(request);
      const parameters = fieldOf(await readObject(request, budget), 'parameters');
      if (parameters !== undefined) flagOf(fieldsOf(parameters, "'parameters'"), 'unload_dependents');
      const model = await findLoaded(service, states, (request.params as { name: string }).name, undefined);
      states.unload(model);
      await service.unload(model.name);
      response.status(200).end();
    })
    .all(refuseMethod(['POST']));
  return router;
}

function requireNoRepository(request: Request): void {
  if (request.params['repository'] === undefined) return;
  throw new OnboxError("'repository_name' specification is not supported", { code: 'protocol-unsupported' });
}

async function indexOf({ store, states }: KserveParts) {
  const { models, damaged } = await store.list();
  const listed = models.map((model) => {
    const entry = { name: model.name, version: String(model.version) };
    return states.isUnloaded(model) ? { ...entry, state: 'UNAVAILABLE', reason: 'unloaded' } : { ...entry, state: 'READY' };
  });
  const broken = damaged.map(({ name, error }) => ({ name, version: '', state: 'UNAVAILABLE', reason: error.message }));
  return [...listed, ...broken];
}

/** Every failure says "failed to load", whatever its status: clients look for that. */
async function load(parts: KserveParts, request: Request, name: string): Promise<void> {
  const { service, states, budget, modelBytesMax } = parts;
  try {
    const { onnx, maxBatchSize } = parseLoadRequest(await readObject(request, budget, inferBodyLimits), name, modelBytesMax);
    if (maxBatchSize !== undefined && maxBatchSize > 1) {
      throw invalid(`models are compiled for a batch of 1, 'max_batch_size' asks for ${maxBatchSize}`);
    }
    if (onnx !== undefined) await installFile(parts, name, onnx);
    const model = await service.find(name);
    if (maxBatchSize === 1 && maxBatchOf(model) === 0) throw invalid("the model has no batch axis for 'max_batch_size' 1");
    await service.load(name);
    states.load(name);
  } catch (cause) {
    const code = errorCode(cause);
    if (code === 'internal') throw cause;
    const isUnknown = code === 'model-missing' || code === 'name-invalid';
    const reason = isUnknown ? 'failed to poll from model repository' : errorMessage(cause);
    throw new OnboxError(`failed to load '${clip(name)}', ${reason}`, { code: isUnknown ? 'model-missing' : code, cause });
  }
}
