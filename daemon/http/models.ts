// /v1/models: which models there are, what each is, putting one in place, taking one away.

import { join } from 'node:path';
import { type Request, Router } from 'express';
import type { Service } from '../service.js';
import { requireModelName } from '../store/names.js';
import { parseInputShapes, parseTask } from '../store/options.js';
import type { CompileOptions } from '../store/record.js';
import { type ModelStore, onnxFile } from '../store/store.js';
import { requirePlainBody, saveBody } from './body.js';
import { refuseMethod } from './errors.js';
import { type Query, readQuery } from './query.js';

export interface ModelRouteOptions {
  /** Largest ONNX file that is taken, in bytes. */
  readonly modelBytesMax: number;
}

export function modelRoutes(service: Service, store: ModelStore, options: ModelRouteOptions): Router {
  const router = Router({ caseSensitive: true, strict: true });
  router
    .route('/v1/models')
    .get(async (request, response) => {
      readQuery(request, []);
      response.json(await service.list());
    })
    .all(refuseMethod(['GET', 'HEAD']));
  router
    .route('/v1/models/:name')
    .get(async (request, response) => {
      readQuery(request, []);
      response.json(await service.describe(request.params.name));
    })
    .put(async (request, response) => {
      const detail = await putModel(request, request.params.name, service, store, options);
      response.status(detail.version === 1 ? 201 : 200).json(detail);
    })
    .delete(async (request, response) => {
      await service.remove(request.params.name);
      response.status(204).end();
    })
    .all(refuseMethod(['GET', 'HEAD', 'PUT', 'DELETE']));
  return router;
}

/** The upload goes to disk first; from then on the client may go away without harm to the store. */
async function putModel(request: Request, name: string, service: Service, store: ModelStore, options: ModelRouteOptions) {
  requireModelName(name);
  const compileOptions = optionsOf(readQuery(request, ['input[]', 'task', 'head']));
  requirePlainBody(request, options.modelBytesMax);
  const staging = await store.stage();
  let digest: string;
  try {
    digest = (await saveBody(request, join(staging, onnxFile), options.modelBytesMax)).digest;
  } catch (error) {
    await store.discard(staging);
    throw error;
  }
  return await service.put({ name, staging, digest, options: compileOptions });
}

function optionsOf(query: Query): CompileOptions {
  const inputs = query.get('input')?.split('\n');
  const task = query.get('task');
  const head = query.get('head');
  return {
    ...(inputs === undefined ? {} : { inputs: parseInputShapes(inputs) }),
    ...(task === undefined ? {} : { task: parseTask(task) }),
    ...(head === undefined ? {} : { head }),
  };
}
