// The paths of DeepStack and CodeProject.AI. The guard of daemon/http asks here which of them need no key in a header, because
// these clients send it as a field of the form, or send none.

/** What clients ask before anything else, without a key. */
export const pingPaths: readonly string[] = ['/v1/status/ping', '/v1/server/status/ping'];

const formPaths: ReadonlySet<string> = new Set([
  '/v1/vision/detection',
  '/v1/vision/scene',
  '/v1/vision/custom/list',
  '/v1/vision/listmodels',
]);

/**
 * True for requests whose key may stand in their form. Their routes must check it themselves, with `requireFormKey`.
 * @param path as it came, not decoded
 */
export function bearsKeyInForm(method: string, path: string): boolean {
  return method === 'POST' && (formPaths.has(path) || /^\/v1\/vision\/custom\/[^/]+$/.test(path));
}
