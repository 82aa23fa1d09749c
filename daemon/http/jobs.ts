// /v1/jobs: which jobs there are, following one, cancelling one; and the jobs that begin with a request. Progress is NDJSON: one JSON
// object a line. Whoever goes away stops following; the job goes on.

import { once } from 'node:events';
import { type Request, type Response, Router } from 'express';
import { tuneLimits } from '../api/limits.js';
import type { Job, JobBook } from '../jobs/book.js';
import { describeJob, followJob } from '../jobs/follow.js';
import type { Service } from '../service.js';
import { requireModelName } from '../store/names.js';
import { refuseMethod } from './errors.js';
import { numberOf, readQuery } from './query.js';

export function jobRoutes(service: Service, book: JobBook): Router {
  const router = Router({ caseSensitive: true, strict: true });
  router
    .route('/v1/jobs')
    .get(async (request, response) => {
      readQuery(request, []);
      response.json({ jobs: (await book.list()).map(describeJob) });
    })
    .all(refuseMethod(['GET', 'HEAD']));
  router
    .route('/v1/jobs/:id')
    .get(async (request, response) => {
      const query = readQuery(request, ['follow', 'from']);
      const from = numberOf(query, 'from', 0, { min: 0, max: Number.MAX_SAFE_INTEGER, whole: true });
      const isFollowed = numberOf(query, 'follow', 0, { min: 0, max: 1, whole: true }) === 1;
      const job = await book.find(request.params.id);
      if (isFollowed) await streamJob(response, book, job, from);
      else response.json(describeJob(job));
    })
    .delete(async (request, response) => {
      const query = readQuery(request, ['finish']);
      const isSoft = numberOf(query, 'finish', 0, { min: 0, max: 1, whole: true }) === 1;
      await book.askToStop(request.params.id, isSoft ? 'finish' : 'cancel');
      response.status(202).json(describeJob(await book.find(request.params.id)));
    })
    .all(refuseMethod(['GET', 'HEAD', 'DELETE']));
  router
    .route('/v1/models/:name/tune')
    .post(async (request, response) => {
      const name = requireModelName(request.params.name);
      const query = readQuery(request, ['minutes', 'trials', 'stream']);
      const minutes = numberOf(query, 'minutes', tuneLimits.minutesDefault, tuneLimits.minutes);
      const trials = numberOf(query, 'trials', tuneLimits.trials.max, tuneLimits.trials);
      const isStreamed = wantsStream(request);
      await answerJob(response, book, await service.startTune(name, { minutes, trials }), isStreamed);
    })
    .all(refuseMethod(['POST']));
  return router;
}

/** False if the query says `stream=0`: then the answer is the job, as JSON, at once. */
export function wantsStream(request: Request): boolean {
  const url = new URL(request.url, 'http://localhost');
  return !['0', 'false'].includes(url.searchParams.get('stream') ?? '1');
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
