// onbox profile NAME|MODEL.onnx: where the time of a model goes, launch by launch, as a table, JSON or a chart.

import { writeFile } from 'node:fs/promises';
import { type Profile, type ProfiledLaunch, profileSession } from '../../runtime/index.js';
import { type Command, exitCodes } from './command.js';
import { boxFlags, compileFlags, compileOptionsOf, jsonFlag, threadsFlag } from './flags.js';
import { drawProfile } from './profile-svg.js';
import { printTable } from './table.js';
import { openTarget } from './target.js';

const runsDefault = 20;

export const profile: Command = {
  name: 'profile',
  summary: 'measure where the time of a model goes, kernel by kernel',
  positionals: ['MODEL.onnx|NAME'],
  flags: {
    runs: { type: 'string', value: 'N', help: `measured runs (default ${runsDefault})` },
    svg: { type: 'string', value: 'FILE', help: 'write a bar chart' },
    ...compileFlags,
    threads: threadsFlag,
    json: jsonFlag,
    ...boxFlags,
  },
  files: { inputs: [{ at: 0, isName: true }, { at: 'labels' }], outputs: ['svg'] },
  async run(args, terminal) {
    const runs = args.number('runs', { min: 1, max: 10_000, whole: true }) ?? runsDefault;
    const target = await openTarget(args.positional(0), undefined, await compileOptionsOf(args), terminal);
    try {
      const result = await profileSession(target.model.session, runs);
      const svg = args.text('svg');
      if (svg !== undefined) await writeFile(svg, drawProfile(target.name, result));
      terminal.out(args.has('json') ? `${JSON.stringify(reportOf(target.name, result))}\n` : printProfile(result));
    } finally {
      await target.close();
    }
    return exitCodes.ok;
  },
};

function reportOf(model: string, { threads, peakFlopsPerNs, totalNs, launches }: Profile) {
  return {
    model,
    threads,
    peak_gflops: round(peakFlopsPerNs, 1),
    total_ms: round(totalNs / 1e6, 3),
    launches: launches.map((launch) => ({
      title: launch.title,
      us: round(launch.nanoseconds / 1e3, 2),
      share: round(launch.share, 4),
      gflops: round(rateOf(launch), 1),
      peak_share: round(launch.peakShare, 3),
      schedule: launch.schedule,
    })),
  };
}

/** Operations of a nanosecond. */
function rateOf({ flops, nanoseconds }: ProfiledLaunch): number {
  return nanoseconds === 0 ? 0 : flops / nanoseconds;
}

function round(value: number, digits: number): number {
  return Math.round(value * 10 ** digits) / 10 ** digits;
}

function printProfile({ threads, peakFlopsPerNs, totalNs, launches }: Profile): string {
  const head = `${(totalNs / 1e6).toFixed(3)} ms in ${launches.length} launches with ${threads} threads; peak ${peakFlopsPerNs.toFixed(0)} GFLOP/s\n`;
  const rows = launches.map((launch) => [
    (launch.nanoseconds / 1e3).toFixed(1),
    `${(launch.share * 100).toFixed(1)} %`,
    launch.flops === 0 ? '' : rateOf(launch).toFixed(1),
    launch.flops === 0 ? '' : `${(launch.peakShare * 100).toFixed(0)} %`,
    launch.title,
    launch.schedule,
  ]);
  return head + printTable(['us', 'share', 'GFLOP/s', 'of peak', 'kernel', 'schedule'], rows);
}
