// One compile in a child: what it leaves behind.

import { getEventListeners } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compileLimits, runCompile } from '../../daemon/jobs/compile-job.js';
import { fakeChild } from './support/server.js';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'onbox-job-'));
});

afterAll(() => rmSync(folder, { recursive: true }));

function compile(command: string, signal: AbortSignal) {
  const onnx = join(folder, `${command.replace(/ /g, '-')}.onnx`);
  writeFileSync(onnx, command);
  const request = { name: 'm', onnx, outFolder: `${onnx}.module`, options: {} };
  return runCompile(request, { child: fakeChild('fake-compiler'), limits: compileLimits, onProgress: () => undefined, signal });
}

test('a job that has ended no longer listens to the signal that stops all jobs', async () => {
  const { signal } = new AbortController();
  await expect(compile('good detect', signal)).resolves.toMatchObject({ task: 'detect' });
  await expect(compile('invalid', signal)).rejects.toMatchObject({ code: 'model-invalid' });
  await expect(compile('crash', signal)).rejects.toMatchObject({ code: 'compile-crashed' });
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});

test('a job that is cancelled ends at once', async () => {
  const stopper = new AbortController();
  const job = compile('sleep 60000', stopper.signal);
  stopper.abort();
  await expect(job).rejects.toMatchObject({ code: 'job-cancelled' });
});

test('a job that takes more memory than it may is ended, and says so', async () => {
  const limits = { ...compileLimits, residentBytesMax: 1024 };
  const onnx = join(folder, 'large.onnx');
  writeFileSync(onnx, 'sleep 60000');
  const request = { name: 'm', onnx, outFolder: `${onnx}.module`, options: {} };
  const job = runCompile(request, { child: fakeChild('fake-compiler'), limits, onProgress: () => undefined });
  await expect(job).rejects.toMatchObject({ code: 'compile-memory' });
});
