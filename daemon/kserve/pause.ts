// Long work in slices, so that one large request does not hold up all others.

/** Longest stretch of work without a look at other requests, in ms. */
const stretchMs = 5;

/** Returns a function to call between slices: it lets others run once the stretch is over. */
export function createPause(): () => Promise<void> {
  let since = performance.now();
  return async () => {
    if (performance.now() - since < stretchMs) return;
    await new Promise((resolve) => setImmediate(resolve));
    since = performance.now();
  };
}
