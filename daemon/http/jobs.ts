// /v1/jobs: which jobs there are, following one, cancelling one; and the jobs that begin with a request. Progress is NDJSON: one JSON
// object a line. Whoever goes away stops following; the job goes on.

import { once } from 'node:events';
import { type Response, Router } from 'express';
import { queries } from '../api/queries.js';
import type { Job, JobBook } from '../jobs/book.js';
import { describeJob, followJob } from '../jobs/follow.js';
import type { Service } from '../service.js';
import { requireModelName } from '../store/names.js';
import { refuseMethod } from './errors.js';
import { readQuery, wantsStream } from './query.js';

export function jobRoutes(service: Service, book: JobBook): Router {
  const router = Router({ caseSensitive: true, strict: true });
  router
    .route('/v1/jobs')
    .get(async (request, response) => {
      readQuery(request, queries.none);
      response.json({ jobs: (await book.list()).map(describeJob) });
    })
    .all(refuseMethod(['GET', 'HEAD']));
  router
    .route('/v1/jobs/:id')
    .get(async (request, response) => {
      const { from, follow } = readQuery(request, queries.job);
      const job = await book.find(request.params.id);
      if (follow === 1) await streamJob(response, book, job, from);
      else response.json(describeJob(job));
    })
    .delete(async (request, response) => {
      const { finish } = readQuery(request, queries.cancel);
      await book.askToStop(request.params.id, finish === 1 ? 'finish' : 'cancel');
      response.status(202).json(describeJob(await book.find(request.params.id)));
    })
    .all(refuseMethod(['GET', 'HEAD', 'DELETE']));
  router
    .route('/v1/models/:name/tune')
    .post(async (request, response) => {
      const name = requireModelName(request.params.name);
      const query = readQuery(request, queries.tune);
      const { minutes, trials } = query;
      const isStreamed = wantsStream(query);
      await answerJob(response, book, await service.startTune(name, { minutes, trials }), isStreamed);
    })
    .all(refuseMethod(['POST']));
  return router;
}

/** Answers who started a job: with its progress as it comes, or with where to ask for it. */
export async function answerJob(response: Response, book: JobBook, job: Job, isStreamed: boolean): Promise<void> {
  response.set('Location', `/v1/jobs/${job.id}`);
  if (isStreamed) await streamJob(response, book, job, 0);
  else response.status(202).json(describeJob(job));
}

async function streamJob(response: Response, book: JobBook, job: Job, from: number): Promise<void> {
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  response.set({ 'Content-Type': 'application/x-ndjson', 'X-Job-Id': job.id });
  response.flushHeaders();
  for await (const line of followJob(book, job.id, from, gone.signal)) {
    if (gone.signal.aborted) return;
    // A slow reader is waited for here, and nowhere else: the lines lie on the disk.
    if (!response.write(`${JSON.stringify(line)}\n`))
      await once(response, 'drain', { signal: gone.signal }).catch(() => undefined);
  }
  response.end();
}
