// GET /metrics for Prometheus: Triton's names for what models did, so that its dashboards work, and onbox's own for the rest. Every
// label comes from an installed model or a fixed set, never from a request.

import { readdir, readFile } from 'node:fs/promises';
import { cpus, freemem, totalmem } from 'node:os';
import { Router } from 'express';
import { Counter, Gauge, Registry } from 'prom-client';
import type { MemoryBudget } from '../http/budget.js';
import { refuseMethod } from '../http/errors.js';
import type { Service } from '../service.js';
import type { ModelStatistics, Statistics, StreamStatistics } from '../statistics.js';

export interface MetricsParts {
  readonly service: Service;
  readonly budget: MemoryBudget;
  /** Open WebSockets. */
  streams(): number;
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
  addStreams(registry, parts);
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

function addDaemon(registry: Registry, { service, budget }: MetricsParts): void {
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
  new Gauge({
    name: 'onbox_jobs',
    help: 'Compile jobs',
    labelNames: ['kind', 'state'],
    registers: [registry],
    collect() {
      const { running, queued } = service.health().jobs;
      this.set({ kind: 'compile', state: 'running' }, running);
      this.set({ kind: 'compile', state: 'queued' }, queued);
    },
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
  new Gauge({
    name: 'onbox_temperature_celsius',
    help: 'Temperature of each thermal zone of the machine',
    labelNames: ['zone'],
    registers: [registry],
    async collect() {
      for (const [zone, celsius] of await temperatures()) this.set({ zone }, celsius);
    },
  });
}

type Add = (labels: Record<string, string>, total: number) => void;

/** A counter whose totals are kept elsewhere. */
function counter(
  registry: Registry,
  facts: { readonly name: string; readonly help: string; readonly labelNames: readonly string[] },
  read: (add: Add) => Promise<void>,
): void {
  new Counter({
    name: facts.name,
    help: facts.help,
    labelNames: [...facts.labelNames],
    registers: [registry],
    async collect() {
      this.reset();
      await read((labels, total) => this.inc(labels, total));
    },
  });
}

function gauge(registry: Registry, name: string, help: string, read: () => number): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      this.set(read());
    },
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
