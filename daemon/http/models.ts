// /v1/models: which models there are, what each is, putting one in place, taking one away.

import { join } from 'node:path';
import { type Request, Router } from 'express';
import { OnboxError } from '../../runtime/index.js';
import { type Query, queries } from '../api/queries.js';
import type { JobBook } from '../jobs/book.js';
import type { Service } from '../service.js';
import { requireModelName } from '../store/names.js';
import { parseInputShapes, parsePrecision, parseTask } from '../store/options.js';
import type { CompileOptions } from '../store/record.js';
import { type ModelStore, onnxFile } from '../store/store.js';
import { requirePlainBody, saveBody } from './body.js';
import { refuseMethod } from './errors.js';
import { answerJob } from './jobs.js';
import { readQuery, wantsStream } from './query.js';

export interface ModelRouteOptions {
  /** Largest ONNX file that is taken, in bytes. */
  readonly modelBytesMax: number;
}

/** Models that may be on their way to the disk at once; each may take as much room as the largest. */
const uploadsMax = 4;

export function modelRoutes(service: Service, store: ModelStore, book: JobBook, options: ModelRouteOptions): Router {
  const router = Router({ caseSensitive: true, strict: true });
  const upload = createUploader(store, options.modelBytesMax);
  router
    .route('/v1/models')
    .get(async (request, response) => {
      readQuery(request, queries.none);
      response.json(await service.list());
    })
    .all(refuseMethod(['GET', 'HEAD']));
  router
    .route('/v1/models/:name')
    .get(async (request, response) => {
      readQuery(request, queries.none);
      response.json(await service.describe(request.params.name));
    })
    .put(async (request, response) => {
      const name = requireModelName(request.params.name);
      const compileOptions = optionsOf(readQuery(request, queries.put));
      const { staging, digest } = await upload(request);
      const detail = await service.put({ name, staging, digest, options: compileOptions });
      response.status(detail.version === 1 ? 201 : 200).json(detail);
    })
    .post(async (request, response) => {
      const name = requireModelName(request.params.name);
      const query = readQuery(request, queries.compile);
      const compileOptions = optionsOf(query);
      const isStreamed = wantsStream(query);
      const { staging, digest } = await upload(request);
      const job = await service.startCompile({ name, staging, digest, options: compileOptions });
      await answerJob(response, book, job, isStreamed);
    })
    .delete(async (request, response) => {
      await service.remove(request.params.name);
      response.status(204).end();
    })
    .all(refuseMethod(['GET', 'HEAD', 'PUT', 'POST', 'DELETE']));
  return router;
}

/** Uploads go to disk first; from then on the client may go away without harm to the store. */
function createUploader(store: ModelStore, modelBytesMax: number) {
  let uploads = 0;
  return async (request: Request): Promise<{ readonly staging: string; readonly digest: string }> => {
    requirePlainBody(request, modelBytesMax);
    if (uploads >= uploadsMax) throw new OnboxError(`${uploads} models are being uploaded already`, { code: 'jobs-full' });
    uploads++;
    try {
      const staging = await store.stage();
      try {
        const { digest } = await saveBody(request, join(staging, onnxFile), modelBytesMax);
        return { staging, digest };
      } catch (error) {
        await store.discard(staging);
        throw error;
      }
    } finally {
      uploads--;
    }
  };
}

function optionsOf({ input: inputs, cut, task, head, precision }: Query<'put'>): CompileOptions {
  return {
    ...(inputs === undefined ? {} : parseInputShapes(inputs)),
    ...(cut === undefined ? {} : { cut }),
    ...(task === undefined ? {} : { task: parseTask(task) }),
    ...(head === undefined ? {} : { head }),
    ...(precision === undefined ? {} : { precision: parsePrecision(precision) }),
  };
}
