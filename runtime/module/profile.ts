// Where the time of a model goes: the launches of a run, timed one by one, held against what the processor can do.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeCpu } from '../device/cpu.js';
import type { MeasureOptions } from '../device/measure.js';
import { machineOf } from './machine.js';
import { measurePeak } from './peak.js';
import { makeSample } from './sample.js';
import type { Session } from './session.js';
import { medianOf } from './speed.js';
import { Trials } from './trials.js';

export interface Profile {
  readonly threads: number;
  /** Operations of a nanosecond that the processor does at most with these threads, as measured. */
  readonly peakFlopsPerNs: number;
  /** Nanoseconds of all launches. */
  readonly totalNs: number;
  /** In the order in which they run. */
  readonly launches: readonly ProfiledLaunch[];
}

export interface ProfiledLaunch {
  /** The operators in it, as `conv+relu`. */
  readonly title: string;
  /** How it runs, in a few words. */
  readonly schedule: string;
  /** Median over the runs. */
  readonly nanoseconds: number;
  /** Of the total, 0 to 1. */
  readonly share: number;
  readonly flops: number;
  /** Of the peak, 0 to 1; Winograd counts the multiply-adds that it makes. */
  readonly peakShare: number;
}

const warmups = 2;

/** What a region on an NPU is called; the steps behind it take no time while it answers. */
const npuStep = { title: 'npu', flops: 0, schedule: 'on the NPU' };

/**
 * Profiles a session on noise.
 * @param runs that the medians are of
 * @throws OnboxError `measure-failed`, `toolchain-missing`
 */
export async function profileSession(session: Session, runs: number, child?: MeasureOptions['child']): Promise<Profile> {
  const { manifest, threads } = session;
  const peakFlopsPerNs = await peakOf(threads, child);
  const { tensors } = makeSample(manifest.inputs, undefined);
  const samples: Float64Array[] = [];
  for (let run = -warmups; run < runs; run++) {
    const times = await session.profileTensors(tensors);
    if (run >= 0) samples.push(times);
  }
  const medians = (manifest.plans[0] ?? []).map((_, launch) => medianOf(samples.map((times) => times[launch] ?? 0)));
  const totalNs = medians.reduce((sum, nanoseconds) => sum + nanoseconds, 0);
  const launches = (manifest.plans[0] ?? []).map((step, launch): ProfiledLaunch => {
    const { title = '', flops = 0, schedule = '' } = 'region' in step ? npuStep : (manifest.kernels[step.kernel] ?? {});
    const nanoseconds = medians[launch] ?? 0;
    const peakShare = nanoseconds === 0 ? 0 : flops / nanoseconds / peakFlopsPerNs;
    return { title, schedule, nanoseconds, share: totalNs === 0 ? 0 : nanoseconds / totalNs, flops, peakShare };
  });
  return { threads, peakFlopsPerNs, totalNs, launches };
}

async function peakOf(threads: number, child: MeasureOptions['child']): Promise<number> {
  const device = describeCpu();
  const machine = machineOf(device, threads);
  const workspace = await mkdtemp(join(tmpdir(), 'onbox-peak-'));
  try {
    return (await measurePeak(new Trials({ device, machine, workspace, child }), machine)) ?? Number.NaN;
  } finally {
    await rm(workspace, { recursive: true, force: true });
  }
}
