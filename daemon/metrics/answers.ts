// What every answer adds to the metrics: how long decoding and inference took, what was found, and how busy each device is.

import { Counter, Histogram, type Registry } from 'prom-client';
import type { Service } from '../service.js';
import type { DeviceKind } from '../statistics.js';
import { labelledGauge } from './kinds.js';

/** From a small classifier on a fast core to a large detector on a board, in seconds. */
const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

export function addAnswers(registry: Registry, service: Service): void {
  const registers = [registry];
  /** Devices that ran each model. */
  const seen = new Map<string, Set<DeviceKind>>();
  const inference = new Histogram({
    name: 'onbox_inference_seconds',
    help: 'Time that a run of a model takes',
    labelNames: ['model', 'device'],
    buckets,
    registers,
  });
  const decode = new Histogram({
    name: 'onbox_decode_seconds',
    help: 'Time from the bytes of a picture to pixels of the size of the model',
    labelNames: ['format'],
    buckets,
    registers,
  });
  const detections = new Counter({
    name: 'onbox_detections_total',
    help: 'Objects that were found',
    labelNames: ['model'],
    registers,
    async collect() {
      // Models that were removed leave nothing behind.
      const installed = new Set((await service.list()).models.map(({ name }) => name));
      for (const [model, devices] of seen) {
        if (installed.has(model)) continue;
        for (const device of devices) inference.remove({ model, device });
        this.remove({ model });
        seen.delete(model);
      }
    },
  });
  const busyMs: Record<DeviceKind, number> = { cpu: 0, gpu: 0, npu: 0 };
  service.statistics.onAnswer = ({ model, device, ms, format, objects }) => {
    seen.set(model, (seen.get(model) ?? new Set()).add(device));
    busyMs[device] += ms.infer;
    inference.observe({ model, device }, ms.infer / 1000);
    if (format !== undefined) decode.observe({ format }, ms.decode / 1000);
    if (objects !== undefined) detections.inc({ model }, objects);
  };
  addDevices(registry, service, busyMs);
}

function addDevices(registry: Registry, service: Service, busyMs: Readonly<Record<DeviceKind, number>>): void {
  const up = {
    name: 'onbox_device_up',
    help: 'Whether a device answers for the models that are its own',
    labelNames: ['device'],
  };
  labelledGauge(registry, up, async (set) => {
    for (const { device, ok } of (await service.report()).devices) set({ device }, Number(ok));
  });
  const busy = {
    name: 'onbox_device_busy_ratio',
    help: 'Share of the time since the last scrape in which a device ran models',
    labelNames: ['device'],
  };
  let before = { at: performance.now(), busyMs: { ...busyMs } };
  labelledGauge(registry, busy, async (set) => {
    const now = { at: performance.now(), busyMs: { ...busyMs } };
    const elapsedMs = Math.max(now.at - before.at, 1);
    for (const { device } of (await service.report()).devices) {
      const kind = device as DeviceKind;
      set({ device }, Math.min(1, (now.busyMs[kind] - before.busyMs[kind]) / elapsedMs));
    }
    before = now;
  });
}
