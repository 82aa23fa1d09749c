// The common oracle of all attacks. After each case: a second client that asks all the time saw no error, the process lives, its memory
// stays below what its own limits allow. At the end handles and threads are as they were.

import { readFile, rm } from 'node:fs/promises';
import { samplePicture } from '../../../daemon/embedded/index.js';
import { demoHome } from '../../daemon/support/demo-home.js';
import { until } from '../../daemon/support/server.js';
import {
  type Bystander,
  type Footprint,
  footprintOf,
  startBystander,
  startTarget,
  type Target,
  type TargetOptions,
} from './target.js';

/** Bodies in work may take 256 MiB; a decompressed one, its JSON and its tensors stand beside them for a moment. */
const residentMbMax = 1000;

/**
 * Starts a daemon for the cases of a file, or of a `describe`, and watches it.
 * @returns what gives the daemon, once the first case runs
 */
export function attacked(options: TargetOptions = {}): () => Target {
  let home: string;
  let target: Target;
  let bystander: Bystander;
  let atFirst: Footprint;

  beforeAll(async () => {
    home = await demoHome(async (shared) => {
      await (await startTarget(shared)).stop();
    });
    target = await startTarget(home, options);
    await until(async () => (await target.ask('GET', '/v1/health')).status === 200, 60_000);
    bystander = startBystander(target.port, await readFile(samplePicture()));
    await until(() => bystander.answers() > 20, 60_000);
    atFirst = footprintOf(target.pid);
  }, 300_000);

  afterEach(async () => {
    const answers = bystander.answers();
    await until(() => bystander.answers() > answers + 1 || bystander.failures.length > 0, 60_000);
    expect(bystander.failures).toEqual([]);
    expect(target.child.exitCode).toBeNull();
    for (const resident of footprintOf(target.pid).residentMb) expect(resident).toBeLessThan(residentMbMax);
  });

  afterAll(async () => {
    await until(() => footprintOf(target.pid).handles <= atFirst.handles + 4, 60_000);
    expect(footprintOf(target.pid).threads).toBeLessThanOrEqual(atFirst.threads + 1);
    await bystander.stop();
    expect(await target.stop()).toBe(0);
    expect(target.log()).not.toMatch(/http-bug|engine-bug|unhandled|MaxListeners/i);
    await rm(home, { recursive: true, force: true });
  });

  return () => target;
}
