// The OpenAPI document says what the routes do: its parameters are those that they take, its answers those that they give.

import { operations } from '../../daemon/api/operations.js';
import { startTestServer, type TestServer, until } from './support/server.js';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
  await until(() => server.engine.state.ready);
  await server.ask('PUT', '/v1/models/finder', 'good detect finder');
  await server.ask('PUT', '/v1/models/namer', 'good classify namer');
});

afterAll(() => server.stop());

async function document() {
  return (await server.ask('GET', '/openapi.json')).json;
}

const pathOf = (path: string): string => path.replace(/\{[a-z]+\}/, 'finder');

test('every operation of the table is described, with its summary and its success', async () => {
  const { openapi, paths } = await document();
  expect(openapi).toBe('3.1.0');
  for (const { method, path, summary, status } of operations) {
    expect(paths[path][method].summary).toBe(summary);
    expect(paths[path][method].responses[status].description).toBe(summary);
  }
});

test.each(
  operations.filter(({ method }) => method !== 'delete').map(({ method, path }) => [method.toUpperCase(), path] as const),
)('%s %s takes exactly the parameters that the document tells', async (method, path) => {
  const { parameters } = (await document()).paths[path][method.toLowerCase()];
  const told = parameters.filter((each: { in: string }) => each.in === 'query').map((each: { name: string }) => each.name);
  if (path === '/v1/health') return;
  const { status, json } = await server.ask(method, `${pathOf(path)}?nonsense=1`, method === 'GET' ? undefined : 'x');
  expect([status, json.error.message]).toEqual([400, `unknown parameter "nonsense"; known here: ${told.join(', ') || 'none'}`]);
});

test('numbers have their limits and what holds without them', async () => {
  const { paths } = await document();
  const parameters = new Map(
    paths['/v1/detect'].post.parameters.map((each: { name: string; schema: object }) => [each.name, each.schema]),
  );
  expect(parameters.get('iou')).toEqual({ type: 'number', minimum: 0, maximum: 1 });
  expect(parameters.get('priority')).toEqual({ type: 'integer', minimum: 1, maximum: 3, default: 2 });
  expect(parameters.get('label')).toEqual({ type: 'array', items: { type: 'string' } });
});

test.each([
  ['/v1/detect?iou=2', '"iou" wants a number from 0 to 1, got "2"'],
  ['/v1/detect?max=1.5', '"max" wants a whole number from 1 to 10000, got "1.5"'],
  ['/v1/detect?max=1&max=2', 'the parameter "max" is given twice'],
  ['/v1/detect?__proto__=1', 'unknown parameter "__proto__"; known here: model, min_confidence, iou, max, label, priority'],
])('%s is told what is wrong', async (path, message) => {
  const { status, json } = await server.ask('POST', path, 'box');
  expect([status, json.error]).toEqual([400, { code: 'query-invalid', message }]);
});

test.each([
  ['POST', '/v1/detect', '/v1/detect?model=finder'],
  ['POST', '/v1/classify', '/v1/classify?model=namer&top=1'],
  ['POST', '/v1/track/{session}', '/v1/track/porch?model=finder'],
  ['GET', '/v1/track', '/v1/track'],
  ['GET', '/v1/models', '/v1/models'],
  ['GET', '/v1/models/{name}', '/v1/models/finder'],
  ['GET', '/v1/jobs', '/v1/jobs'],
  ['GET', '/v1/ps', '/v1/ps'],
  ['GET', '/v1/health', '/v1/health'],
  ['POST', '/v1/tickets', '/v1/tickets'],
])('%s %s answers what its schema says', async (method, path, asked) => {
  const operation = operations.find((each) => each.method === method.toLowerCase() && each.path === path);
  const { status, json } = await server.ask(method, asked, method === 'POST' ? 'box' : undefined);
  expect(status).toBe(operation?.status);
  expect(operation?.answer?.safeParse(json).error?.issues ?? []).toEqual([]);
});

test('the page for people tells every operation, loads nothing and runs nothing', async () => {
  const { status, text, headers } = await server.ask('GET', '/docs');
  expect(status).toBe(200);
  for (const { path } of operations) expect(text).toContain(`<code>${path}</code>`);
  expect(text).not.toMatch(/<script|src=|https?:|@import|url\(|style="/i);
  expect(headers['content-security-policy']).toMatch(/^default-src 'none'; style-src 'sha256-[A-Za-z0-9+/=]+'/);
});
