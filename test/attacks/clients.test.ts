// Programs of other people against a real daemon, with the oracle of the attacks: curl asks and is refused, wrk and autocannon ask as fast
// as they can, wscat opens a stream, and slowhttptest holds connections by headers, bodies and answers.

import { execFile, execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify, stripVTControlCharacters } from 'node:util';
import { samplePicture } from '../../daemon/embedded/index.js';
import { attacked } from './support/attacked.js';

const run = promisify(execFile);
const target = attacked({ environment: { ONBOX_HTTP_HEADERS_TIMEOUT_S: '3', ONBOX_HTTP_REQUEST_TIMEOUT_S: '4' } });

function url(path: string): string {
  return `http://127.0.0.1:${target().port}${path}`;
}

/** Tests of a program, which are skipped by name where it is not installed. */
function withProgram(program: string, tests: () => void): void {
  let isThere = true;
  try {
    execFileSync('which', [program], { stdio: 'ignore' });
  } catch {
    isThere = false;
  }
  if (isThere) describe(program, tests);
  else test.skip(`${program} is missing: skipped (apt-get install ${program})`, () => undefined);
}

withProgram('curl', () => {
  /** The status, and the answer as JSON. */
  async function curl(path: string, ...flags: string[]) {
    const { stdout } = await run('curl', ['-s', '-m', '120', '-w', '\n%{http_code}', ...flags, url(path)], { maxBuffer: 1e8 });
    const end = stdout.lastIndexOf('\n');
    const [body, status] = [stdout.slice(0, end), stdout.slice(end + 1)];
    return { status: Number(status), json: body.startsWith('{') ? JSON.parse(body) : body };
  }

  test('a picture as body, as form, behind Expect and over HTTP/1.0 gets the same answer', async () => {
    const path = '/v1/detect?model=shapes';
    const body = ['--data-binary', `@${samplePicture()}`, '-H', 'Content-Type: image/png'];
    const first = await curl(path, ...body);
    expect(first.status).toBe(200);
    expect(first.json.objects.length).toBeGreaterThan(0);
    for (const flags of [
      ['-F', `image=@${samplePicture()}`],
      [...body, '-H', 'Expect: 100-continue'],
      [...body, '-0'],
      [...body, '-H', 'Transfer-Encoding: chunked'],
    ]) {
      const { status, json } = await curl(path, ...flags);
      expect([flags, status, json.objects]).toEqual([flags, 200, first.json.objects]);
    }
    const { json } = await curl('/v1/vision/detection', '-F', `image=@${samplePicture()}`);
    expect(json).toMatchObject({ success: true, predictions: expect.any(Array) });
  });

  test('what is too large, unknown, foreign or no picture is refused with JSON', async () => {
    const large = join(target().home, 'large');
    writeFileSync(large, new Uint8Array(32 * 1024 * 1024 + 1));
    const cases: readonly [number, string, ...string[]][] = [
      [413, '/v1/detect?model=shapes', '--data-binary', `@${large}`, '-H', 'Content-Type: image/png'],
      [400, '/v1/detect?model=shapes', '-d', 'no picture', '-H', 'Content-Type: image/png'],
      [404, '/v1/detect?model=absent', '--data-binary', `@${samplePicture()}`, '-H', 'Content-Type: image/png'],
      [403, '/v1/models', '-H', 'Host: evil.example'],
      [404, '/v1/../etc/passwd', '--path-as-is'],
      [405, '/v1/detect', '-X', 'DELETE'],
    ];
    for (const [want, path, ...flags] of cases) {
      const { status, json } = await curl(path, ...flags);
      expect([path, status, typeof json]).toEqual([path, want, 'object']);
    }
  });
});

withProgram('wrk', () => {
  test('16 connections that ask without a pause get nothing but good answers', async () => {
    const script = join(target().home, 'detect.lua');
    writeFileSync(
      script,
      `local file = io.open("${samplePicture()}", "rb")
      wrk.method, wrk.body, wrk.headers["Content-Type"] = "POST", file:read("*a"), "image/png"\n`,
    );
    const flags = ['-t', '1', '-c', '16', '-d', '2s', '--timeout', '60s'];
    for (const { stdout } of [
      await run('wrk', [...flags, '-s', script, url('/v1/detect?model=shapes')]),
      await run('wrk', [...flags, url('/v2/health/live')]),
    ]) {
      expect(Number(/([0-9]+) requests in/.exec(stdout)?.[1])).toBeGreaterThan(0);
      expect(stdout).not.toMatch(/Non-2xx|Socket errors/);
    }
  });
});

withProgram('slowhttptest', () => {
  test.each([
    ['headers', ['-H']],
    ['bodies', ['-B', '-s', '8192']],
    ['answers', ['-X', '-w', '8', '-y', '16', '-n', '1', '-z', '8', '-k', '3']],
  ])('slow %s do not take the service from others', async (_name, mode) => {
    const flags = ['-c', '60', '-r', '60', '-i', '1', '-l', '6', '-p', '60', '-u', url('/v1/models')];
    const { stdout } = await run('slowhttptest', [...mode, ...flags], { maxBuffer: 1e8 });
    const seen = [...stripVTControlCharacters(stdout).matchAll(/service available: +(YES|NO)/g)].map((match) => match[1]);
    expect(seen.at(-1)).toBe('YES');
  });
});

test('autocannon gets nothing but good answers, one by one and pipelined', async () => {
  for (const pipelining of ['1', '8']) {
    const flags = ['-j', '-c', '8', '-d', '2', '-t', '60', '-p', pipelining];
    const { stdout } = await run(process.execPath, [require.resolve('autocannon'), ...flags, url('/v1/models')], {
      maxBuffer: 1e8,
    });
    const { non2xx, errors, timeouts, ...told } = JSON.parse(stdout);
    expect({ non2xx, errors, timeouts }).toEqual({ non2xx: 0, errors: 0, timeouts: 0 });
    expect(told['2xx']).toBeGreaterThan(0);
  }
});

test('wscat opens a stream and is greeted', async () => {
  const address = url('/v1/stream?model=shapes').replace('http', 'ws');
  const flags = ['-c', address, '-s', 'onbox.v1.json', '-w', '5'];
  const { stdout } = await run(process.execPath, [
    require.resolve('wscat/bin/wscat'),
    ...flags,
    '-x',
    '{"type": "no such message"}',
  ]);
  const [hello] = stdout.split('\n').filter((line) => line.startsWith('{'));
  expect(JSON.parse(hello ?? '{}')).toMatchObject({ type: 'hello', model: expect.anything() });
});
