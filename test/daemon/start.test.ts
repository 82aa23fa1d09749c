// npm start as a process: what npm itself does between a supervisor and the daemon.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

test('npm start leaves no shell between npm and the daemon, because a shell ends at SIGTERM without telling its child', () => {
  const { scripts } = JSON.parse(readFileSync(join(__dirname, '..', '..', 'package.json'), 'utf8'));
  expect(scripts.start).toMatch(/^exec /);
});
