// onbox devices, as people and programs read it.

import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { keepPoclCache } from '../support/opencl.js';
import { registerFlags } from './support/server.js';

keepPoclCache();

const main = resolve(__dirname, '../../daemon/main.ts');

async function devices(environment: Readonly<Record<string, string>>, ...flags: readonly string[]): Promise<string> {
  const env = { ...process.env, ...environment };
  const { stdout } = await promisify(execFile)(process.execPath, [...registerFlags, main, 'devices', ...flags], { env });
  return stdout;
}

test('the processor and an OpenCL device that computes right are usable', async () => {
  const answer = JSON.parse(await devices({ ONBOX_OPENCL_PROFILE: 'mali-g610' }, '--json'));
  expect(answer.devices[0]).toMatchObject({ kind: 'cpu', usable: true, cores: expect.any(Number) });
  expect(answer.devices).toContainEqual(
    expect.objectContaining({ kind: 'opencl', usable: true, platformName: 'Portable Computing Language', workGroupMax: 256 }),
  );
});

test('where there is no OpenCL, why and the cure are told', async () => {
  const missing = { ONBOX_OPENCL_LIBRARY: 'libnowhere.so' };
  const text = await devices(missing);
  expect(text).toMatch(/^cpu {5}.*: usable\nopencl {2}none\n {8}why: {2}.*libnowhere\.so.*\n {8}cure: install the ICD loader/);
  const answer = JSON.parse(await devices(missing, '--json'));
  expect(answer).toMatchObject({ devices: [{ kind: 'cpu' }], opencl: { reason: expect.stringContaining('libnowhere.so') } });
});
