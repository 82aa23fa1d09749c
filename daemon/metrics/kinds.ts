// Metrics whose values are kept elsewhere and are looked up when they are scraped.

import { Counter, Gauge, type Registry } from 'prom-client';

export type Add = (labels: Record<string, string>, total: number) => void;

/** A counter whose totals are kept elsewhere. */
export function counter(
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

export function gauge(registry: Registry, name: string, help: string, read: () => number): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      this.set(read());
    },
  });
}

/** A gauge with labels; what is not set again is gone. */
export function labelledGauge(
  registry: Registry,
  facts: { readonly name: string; readonly help: string; readonly labelNames: readonly string[] },
  read: (set: Add) => Promise<void> | void,
): void {
  new Gauge({
    name: facts.name,
    help: facts.help,
    labelNames: [...facts.labelNames],
    registers: [registry],
    async collect() {
      this.reset();
      await read((labels, value) => this.set(labels, value));
    },
  });
}
