// Times for tests on a machine that others use too: the fastest of several runs says what the code costs, the rest what they cost.

/** Milliseconds of the fastest of `runs`. */
export async function fastestMs(run: () => unknown, runs = 7): Promise<number> {
  let fastest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < runs; i++) {
    const start = performance.now();
    await run();
    fastest = Math.min(fastest, performance.now() - start);
  }
  return fastest;
}
