// onbox track VIDEO|FOLDER|-: follows objects through a video, as events, as MOT lines, as JSON, or drawn into a copy.

import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { type DetectedObject, OnboxError, type Picture, paintObjects } from '../../runtime/index.js';
import { detectLimits } from '../api/limits.js';
import type { FollowedEvent, FollowedObject } from '../api/types.js';
import { plainText, printCount } from '../log.js';
import { objectOf } from '../track/fields.js';
import { Follower } from '../track/follower.js';
import { changeWatch, minConfidences, requireKnown, type WatchSettings, watchAtFirst } from '../track/settings.js';
import { createVideo, type VideoWriter } from '../video/ffmpeg.js';
import { type FrameSource, openFrames } from '../video/source.js';
import { type Arguments, type Command, exitCodes, type Terminal } from './command.js';
import { jsonFlag, modelFlag, threadsFlag, threadsOf } from './flags.js';
import { readInputFile } from './input.js';
import { createProgress, type Progress } from './progress.js';
import { openTarget, type Target } from './target.js';

const folderFramesPerS = 25;
/** A log hears of the progress once in so many frames. */
const framesPerLine = 100;

interface TrackedFrame {
  readonly frame: number;
  readonly time_s: number;
  readonly objects: readonly FollowedObject[];
}

/** What --json prints. */
interface TrackReport {
  readonly model: string;
  readonly version: number;
  readonly width: number;
  readonly height: number;
  readonly frames_per_s: number;
  readonly tracks: number;
  readonly frames: readonly TrackedFrame[];
  readonly events: readonly (FollowedEvent & { readonly time_s: number })[];
  /** Means over the frames, waiting for the decoder included. */
  readonly ms: { readonly decode: number; readonly detect: number; readonly track: number };
}

export const track: Command = {
  name: 'track',
  summary: 'follow objects through a video',
  positionals: ['VIDEO|FOLDER|-'],
  flags: {
    model: modelFlag,
    'min-confidence': { type: 'string', value: 'P', help: `least confidence, 0 to 1 (default ${minConfidences.tracked})` },
    label: { type: 'string', multiple: true, value: 'NAME', help: 'follow only what bears this label' },
    scene: { type: 'string', value: 'FILE', help: 'zones and lines, as JSON like the config of a stream' },
    fps: { type: 'string', value: 'N', help: `frames a second of a folder (default ${folderFramesPerS})` },
    draw: { type: 'string', value: 'OUT.mp4', help: 'write the video with its objects drawn' },
    mot: { type: 'string', value: 'OUT.txt', help: 'write the tracks as MOTChallenge lines' },
    threads: threadsFlag,
    json: jsonFlag,
  },
  async run(args, terminal) {
    const settings = await settingsOf(args);
    const fps = args.number('fps', { min: 1, max: 1000 }) ?? folderFramesPerS;
    const threads = threadsOf(args);
    const source = await openFrames(args.positional(0), terminal.input, fps);
    const frames = source.frames();
    try {
      const target = await openTarget(args.text('model'), 'detect', threads === undefined ? {} : { threads }, terminal);
      try {
        const { report, count } = await followAll(source, frames, target, settings, args, terminal);
        if (args.has('json')) terminal.out(`${JSON.stringify(report)}\n`);
        else terminal.out(printSummary(report, count));
      } finally {
        await target.close();
      }
    } finally {
      await frames.return(undefined);
    }
    return exitCodes.ok;
  },
};

/** @throws OnboxError `file-missing`, `bad-config`, `scene-bad`, `usage` */
async function settingsOf(args: Arguments): Promise<WatchSettings> {
  const file = args.text('scene');
  const labels = args.texts('label');
  const { settings, others } = changeWatch(watchAtFirst, file === undefined ? {} : await readScene(file));
  requireKnown(others);
  return {
    ...settings,
    minConfidence: args.number('min-confidence', detectLimits.minConfidence) ?? settings.minConfidence,
    labels: labels.length > 0 ? labels : settings.labels,
  };
}

async function readScene(file: string): Promise<Readonly<Record<string, unknown>>> {
  const text = Buffer.from(await readInputFile(file)).toString('utf8');
  try {
    return objectOf(JSON.parse(text), 'the scene');
  } catch (cause) {
    if (cause instanceof OnboxError) throw cause;
    throw new OnboxError(`"${file}" is not JSON`, { code: 'bad-config', cause });
  }
}

/** Looks at one frame after the other; the decoder is a frame ahead. */
async function followAll(
  source: FrameSource,
  pictures: AsyncGenerator<Picture>,
  target: Target,
  settings: WatchSettings,
  args: Arguments,
  terminal: Terminal,
): Promise<{ readonly report: TrackReport; readonly count: number }> {
  const { minConfidence = minConfidences.tracked, labels, scene } = settings;
  const isJson = args.has('json');
  const follower = new Follower(scene);
  const outputs = openOutputs(args, source);
  const progress = createProgress(terminal, `track with ${target.name}`);
  const frames: TrackedFrame[] = [];
  const events: TrackReport['events'][number][] = [];
  const spent = { decode: 0, detect: 0, track: 0 };
  const ids = new Set<number>();
  let count = 0;
  let before = performance.now();
  try {
    for await (const picture of pictures) {
      if (terminal.closed.aborted) break;
      const decoded = performance.now();
      const found = await target.model.detect(picture, { minConfidence, ...(labels === undefined ? {} : { labels }) });
      const detected = performance.now();
      const timeS = count / source.framesPerS;
      const seen = follower.follow(found.objects, ++count, Math.round(timeS * 1e6), picture);
      const time = Math.round(timeS * 1000) / 1000;
      for (const { id } of seen.objects) ids.add(id);
      if (isJson) frames.push({ frame: count, time_s: time, objects: seen.objects });
      for (const event of seen.events) {
        if (isJson) events.push({ ...event, time_s: time });
        else tellEvent(event, time, progress, terminal);
      }
      await outputs.write(picture, count, seen.objects);
      showProgress(progress, count, source.count, terminal.isInteractive);
      spent.decode += decoded - before;
      spent.detect += detected - decoded;
      before = performance.now();
      spent.track += before - detected;
    }
    await outputs.end();
    progress.clear();
  } catch (error) {
    progress.clear();
    throw error;
  } finally {
    await outputs.stop();
  }
  const { width, height } = source.first;
  const mean = (ms: number): number => Math.round((ms / count) * 1000) / 1000;
  const report: TrackReport = {
    model: target.name,
    version: target.version,
    width,
    height,
    frames_per_s: source.framesPerS,
    tracks: ids.size,
    frames,
    events,
    ms: { decode: mean(spent.decode), detect: mean(spent.detect), track: mean(spent.track) },
  };
  return { report, count };
}

interface Outputs {
  write(picture: Picture, frame: number, objects: readonly FollowedObject[]): Promise<void>;
  end(): Promise<void>;
  stop(): Promise<void>;
}

function openOutputs(args: Arguments, { first, framesPerS }: FrameSource): Outputs {
  const [mot, draw] = [args.text('mot'), args.text('draw')];
  const lines = mot === undefined ? undefined : createWriteStream(mot);
  // An error that comes before anyone waits must not end the process; `end` tells it.
  const written = lines === undefined ? undefined : finished(lines);
  written?.catch(() => undefined);
  const video: VideoWriter | undefined = draw === undefined ? undefined : createVideo(draw, first, framesPerS);
  return {
    async write(picture, frame, objects) {
      for (const object of objects) lines?.write(motLine(frame, object));
      if (video === undefined) return;
      // The picture is ours, and nobody looks at it again.
      paintObjects(picture, objects.map(captioned));
      await video.write(picture);
    },
    async end() {
      lines?.end();
      await written;
      await video?.end();
    },
    async stop() {
      lines?.destroy();
      await video?.stop();
    },
  };
}

/** `frame,id,left,top,width,height,confidence,-1,-1,-1`; the pixels of MOTChallenge count from 1, but its tools do not mind. */
function motLine(frame: number, { id, box, confidence }: FollowedObject): string {
  const [left = 0, top = 0, right = 0, bottom = 0] = box;
  const numbers = [left, top, right - left, bottom - top].map((value) => value.toFixed(2));
  return `${[frame, id, ...numbers, confidence.toFixed(4), -1, -1, -1].join(',')}\n`;
}

function captioned({ id, label, class: kind, confidence, box }: FollowedObject): DetectedObject {
  const [left = 0, top = 0, right = 0, bottom = 0] = box;
  return { label: `${label} ${id}`, class: kind, confidence, box: [left, top, right, bottom] };
}

function tellEvent(event: FollowedEvent, timeS: number, progress: Progress, terminal: Terminal): void {
  const { event: kind, label, track: id, zone, line, direction, dwell_s: dwellS } = event;
  const where = zone ?? (line === undefined ? '' : `${line} ${direction}`);
  const dwell = dwellS === undefined ? '' : ` after ${dwellS.toFixed(1)} s`;
  progress.clear();
  terminal.out(plainText(`${timeS.toFixed(2)} s  ${kind} ${label} ${id} ${where}`.trimEnd() + dwell).concat('\n'));
}

function showProgress(progress: Progress, count: number, total: number | undefined, isInteractive: boolean): void {
  if (total !== undefined) progress.show({ stage: 'frames', completed: count, total });
  else if (isInteractive || count % framesPerLine === 0) progress.show({ stage: `frame ${count}` });
}

function printSummary({ tracks, width, height, frames_per_s: rate, model, ms }: TrackReport, count: number): string {
  const each = ms.decode + ms.detect + ms.track;
  const parts = `decode ${ms.decode.toFixed(1)}, detect ${ms.detect.toFixed(1)}, track and write ${ms.track.toFixed(1)} ms`;
  return `${printCount(tracks, 'track')} in ${printCount(count, 'frame')} of ${width}x${height} at ${rate.toFixed(2)}/s by ${model}: ${(1000 / each).toFixed(1)} frames/s (${parts})\n`;
}
