// Costs for tests on a machine that others use too: processor time instead of the clock, and the cheapest of several runs.

/** Milliseconds of processor time, over all threads of this process, of the cheapest of `runs`. */
export async function cheapestMs(run: () => unknown, runs = 5): Promise<number> {
  let cheapest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < runs; i++) {
    const before = process.cpuUsage();
    await run();
    const { user, system } = process.cpuUsage(before);
    cheapest = Math.min(cheapest, (user + system) / 1000);
  }
  return cheapest;
}
