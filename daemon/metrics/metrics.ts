// GET /metrics for Prometheus: Triton's names for what models did, so that its dashboards work, and onbox's own for the rest. Every
// label comes from an installed model or a fixed set, never from a request.

import { readdir, readFile } from 'node:fs/promises';
import { cpus, freemem, totalmem } from 'node:os';
import { Router } from 'express';
import { Registry } from 'prom-client';
import type { MemoryBudget } from '../http/budget.js';
import { refuseMethod } from '../http/errors.js';
import type { Traffic } from '../http/listen.js';
import type { Service } from '../service.js';
import type { ModelStatistics, Statistics, StreamStatistics } from '../statistics.js';
import { addAnswers } from './answers.js';
import { counter, gauge, labelledGauge } from './kinds.js';

export interface MetricsParts {
  readonly service: Service;
  readonly budget: MemoryBudget;
  /** Open WebSockets. */
  streams(): number;
  /** Bytes of all connections since the start. */
  traffic(): Traffic;
}

/** What is known of an installed model when it is scraped. */
interface Sample {
  readonly labels: { readonly model: string; readonly version: string };
  readonly counted: ModelStatistics;
  readonly streamed: StreamStatistics;
}

/** Triton's counters by name, with its own help texts; durations in microseconds. */
const tritonCounters: readonly (readonly [name: string, help: string, value: (counted: ModelStatistics) => number])[] = [
  ['nv_inference_request_success', 'Number of successful inference requests, all batch sizes', ({ success }) => success.count],
  ['nv_inference_count', 'Number of inferences performed (does not include cached requests)', ({ infer }) => infer.count],
  [
    'nv_inference_exec_count',
    'Number of model executions performed (does not include cached requests)',
    ({ infer }) => infer.count,
  ],
  [
    'nv_inference_request_duration_us',
    'Cumulative inference request duration in microseconds (includes cached requests)',
    ({ success }) => micro(success.ms),
  ],
  [
    'nv_inference_queue_duration_us',
    'Cumulative inference queuing duration in microseconds (includes cached requests)',
    ({ queue }) => micro(queue.ms),
  ],
  [
    'nv_inference_compute_input_duration_us',
    'Cumulative compute input duration in microseconds (does not include cached requests)',
    ({ decode }) => micro(decode.ms),
  ],
  [
    'nv_inference_compute_infer_duration_us',
    'Cumulative compute inference duration in microseconds (does not include cached requests)',
    ({ infer }) => micro(infer.ms),
  ],
  [
    'nv_inference_compute_output_duration_us',
    'Cumulative inference compute output duration in microseconds (does not include cached requests)',
    ({ post }) => micro(post.ms),
  ],
];

export function metricsRoutes(parts: MetricsParts): Router {
  const registry = createRegistry(parts);
  const router = Router({ caseSensitive: true, strict: true });
  // Scrapers that come at once share one answer, so that a flood of them costs no more than one.
  let running: Promise<string> | undefined;
  router
    .route('/metrics')
    .get(async (_request, response) => {
      running ??= registry.metrics().finally(() => {
        running = undefined;
      });
      const text = await running;
      response.type(registry.contentType).send(text);
    })
    .all(refuseMethod(['GET', 'HEAD']));
  return router;
}

function createRegistry(parts: MetricsParts): Registry {
  const registry = new Registry();
  addModels(registry, parts);
  addLoads(registry, parts);
  addStreams(registry, parts);
  addAnswers(registry, parts.service);
  addDaemon(registry, parts);
  addMachine(registry);
  return registry;
}

function addModels(registry: Registry, parts: MetricsParts): void {
  const labelNames = ['model', 'version'];
  for (const [name, help, value] of tritonCounters) {
    counter(registry, { name, help, labelNames }, async (add) => {
      for (const { labels, counted } of await sample(parts)) add(labels, value(counted));
    });
  }
  const failures = {
    name: 'nv_inference_request_failure',
    help: 'Number of failed inference requests, all batch sizes',
    labelNames: [...labelNames, 'reason'],
  };
  counter(registry, failures, async (add) => {
    for (const { labels, counted } of await sample(parts)) {
      for (const [reason, count] of Object.entries(counted.failures)) add({ ...labels, reason }, count);
    }
  });
}

function addLoads(registry: Registry, parts: MetricsParts): void {
  const help = 'Model load time in seconds; 0 for a model that is not loaded';
  const facts = { name: 'nv_model_load_duration_secs', help, labelNames: ['model', 'version'] };
  labelledGauge(registry, facts, async (set) => {
    const { models: loaded } = parts.service.loaded();
    for (const { labels } of await sample(parts)) {
      const found = loaded.find(({ name, version }) => name === labels.model && String(version) === labels.version);
      set(labels, (found?.loadMs ?? 0) / 1000);
    }
  });
}

function addStreams(registry: Registry, parts: MetricsParts): void {
  const frames = {
    name: 'onbox_stream_frames_total',
    help: 'Frames of streams that came in and that were answered',
    labelNames: ['model', 'direction'],
  };
  counter(registry, frames, async (add) => {
    for (const { labels, streamed } of await sample(parts)) {
      add({ model: labels.model, direction: 'in' }, streamed.framesIn);
      add({ model: labels.model, direction: 'out' }, streamed.framesOut);
    }
  });
  const rate = {
    name: 'onbox_stream_fps',
    help: 'Frames of streams in a second, since the last scrape',
    labelNames: ['model', 'direction'],
  };
  let before = { at: performance.now(), frames: new Map<string, number>() };
  labelledGauge(registry, rate, async (set) => {
    const now = { at: performance.now(), frames: new Map<string, number>() };
    for (const { labels, streamed } of await sample(parts)) {
      for (const [direction, count] of [
        ['in', streamed.framesIn],
        ['out', streamed.framesOut],
      ] as const) {
        const key = `${direction} ${labels.model}`;
        now.frames.set(key, count);
        const more = Math.max(0, count - (before.frames.get(key) ?? 0));
        set({ model: labels.model, direction }, (more * 1000) / Math.max(now.at - before.at, 1));
      }
    }
    before = now;
  });
  const dropped = {
    name: 'onbox_stream_frames_dropped_total',
    help: 'Frames of streams that were left out',
    labelNames: ['model', 'reason'],
  };
  counter(registry, dropped, async (add) => {
    for (const { labels, streamed } of await sample(parts)) {
      add({ model: labels.model, reason: 'late' }, streamed.late);
      add({ model: labels.model, reason: 'queue' }, streamed.queue);
      add({ model: labels.model, reason: 'decode' }, streamed.decode);
    }
  });
  gauge(registry, 'onbox_ws_clients', 'Open WebSockets', () => parts.streams());
}

function addDaemon(registry: Registry, { service, budget, traffic }: MetricsParts): void {
  gauge(registry, 'onbox_engine_up', 'Whether the engine takes work', () => Number(service.health().engine.ready));
  counter(
    registry,
    { name: 'onbox_engine_restarts_total', help: 'Engines that followed the first', labelNames: [] },
    async (add) => add({}, service.health().engine.restarts),
  );
  const pending = 'Instantaneous number of pending requests awaiting execution';
  gauge(registry, 'nv_inference_pending_request_count', pending, () => service.health().engine.queued);
  gauge(registry, 'onbox_requests_running', 'Requests inside the engine', () => service.health().engine.running);
  gauge(registry, 'onbox_body_bytes', 'Memory of the bodies of the requests in work', () => budget.taken);
  gauge(registry, 'onbox_resident_bytes', 'Resident memory of the supervisor', () => process.memoryUsage.rss());
  const jobs = { name: 'onbox_jobs', help: 'Jobs at work and waiting', labelNames: ['kind', 'state'] };
  labelledGauge(registry, jobs, (set) => {
    for (const { kind, running, queued } of service.jobCounts) {
      set({ kind, state: 'running' }, running);
      set({ kind, state: 'queued' }, queued);
    }
  });
  const finished = { name: 'onbox_jobs_finished_total', help: 'Jobs that ended', labelNames: ['kind', 'result'] };
  counter(registry, finished, async (add) => {
    for (const { kind, finished: ends } of service.jobCounts) {
      for (const [result, count] of Object.entries(ends)) add({ kind, result }, count);
    }
  });
  const bytes = { name: 'onbox_bytes_total', help: 'Bytes of all connections', labelNames: ['direction'] };
  counter(registry, bytes, async (add) => {
    for (const [direction, count] of Object.entries(traffic())) add({ direction }, count);
  });
}

function addMachine(registry: Registry): void {
  let before = busyTimes();
  gauge(registry, 'nv_cpu_utilization', 'CPU utilization rate [0.0 - 1.0]', () => {
    const now = busyTimes();
    const [busy, all] = [now.busy - before.busy, now.all - before.all];
    before = now;
    return all > 0 ? busy / all : 0;
  });
  gauge(registry, 'nv_cpu_memory_total_bytes', 'CPU total memory (RAM), in bytes', totalmem);
  gauge(registry, 'nv_cpu_memory_used_bytes', 'CPU used memory (RAM), in bytes', () => totalmem() - freemem());
  const temperature = {
    name: 'onbox_temperature_celsius',
    help: 'Temperature of each thermal zone of the machine',
    labelNames: ['zone'],
  };
  labelledGauge(registry, temperature, async (set) => {
    for (const [zone, celsius] of await temperatures()) set({ zone }, celsius);
  });
}

async function sample({ service }: MetricsParts): Promise<readonly Sample[]> {
  const { models } = await service.list();
  const statistics: Statistics = service.statistics;
  return models.map(({ name, version }) => ({
    labels: { model: name, version: String(version) },
    counted: statistics.of(name, version),
    streamed: statistics.streamed(name),
  }));
}

async function temperatures(): Promise<readonly (readonly [zone: string, celsius: number])[]> {
  const root = '/sys/class/thermal';
  const zones = (await readdir(root).catch(() => [])).filter((name) => /^thermal_zone[0-9]{1,3}$/.test(name));
  const read = await Promise.all(
    zones.map(
      async (zone) => [zone, Number(await readFile(`${root}/${zone}/temp`, 'utf8').catch(() => 'none')) / 1000] as const,
    ),
  );
  return read.filter(([, celsius]) => Number.isFinite(celsius));
}

function busyTimes(): { readonly busy: number; readonly all: number } {
  const times = cpus().map((cpu) => cpu.times);
  const all = times.reduce((sum, { user, nice, sys, idle, irq }) => sum + user + nice + sys + idle + irq, 0);
  return { all, busy: all - times.reduce((sum, { idle }) => sum + idle, 0) };
}

function micro(ms: number): number {
  return Math.round(ms * 1000);
}
