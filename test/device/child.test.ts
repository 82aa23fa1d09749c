// Child processes: what they say, and where they run.

import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startChild } from '../../runtime/device/child.js';

/** Tells the processors that it may run on, as Linux lists them, and what it was told. */
const source = `
  const { readFileSync } = require('node:fs');
  process.send({ allowed: /Cpus_allowed_list:\\s*(\\S+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1], word: process.env.WORD });
`;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'onbox-child-'));
  writeFileSync(join(folder, 'child.js'), source);
});
afterAll(() => rmSync(folder, { recursive: true }));

async function ask(processors?: readonly number[]): Promise<{ allowed: string; word: string }> {
  const script = { script: join(folder, 'child.js'), nodeFlags: [] };
  const { child } = startChild(script, { environment: { ...process.env, WORD: 'hello' }, processors });
  const ended = once(child, 'exit');
  const [message] = await once(child, 'message');
  await ended;
  return message;
}

test('a child runs on the processors that it is given, and talks as any other', async () => {
  const { allowed } = await ask();
  const first = Number(/^\d+/.exec(allowed)?.[0]);
  expect(await ask([first])).toEqual({ allowed: String(first), word: 'hello' });
}, 60_000);
