// Video through the ffmpeg of the machine, a process of its own: files become RGB pictures, and pictures become files. File names and
// videos are hostile: nothing goes through a shell, a name is never an option or an address, and only containers of plain video are opened
// (a playlist could name any other file).

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { OnboxError, type Picture } from '../../runtime/index.js';
import { readPpm } from './ppm.js';

export interface Video {
  /** Frames per second, known with the first frame. */
  readonly framesPerS: number;
  readonly first: Picture;
  /** All frames, the first included. Ends the process when it is left. */
  frames(): AsyncGenerator<Picture>;
}

/** ffmpeg's names of the containers that are opened. */
const containers = [
  ...['avi', 'mov', 'mp4', 'm4a', '3gp', '3g2', 'mj2', 'matroska', 'webm', 'mpegts', 'mpeg', 'mpegvideo', 'flv', 'ogg', 'asf'],
  ...['h264', 'hevc', 'mjpeg', 'm4v', 'nut', 'yuv4mpegpipe', 'ivf', 'gif'],
].join(',');

/** A camera takes fewer; a file that claims more would be blown up by repeating frames. */
const framesPerSMax = 1000;
/** Where a video does not tell. */
const framesPerSUsual = 25;

/** Of what ffmpeg complains of, in bytes. */
const complaintMax = 4096;

/**
 * Opens a video.
 * @param source path of a file, or the bytes of one
 * @throws OnboxError `ffmpeg-missing`, `video-invalid`, `image-too-large`
 */
export async function openVideo(source: string | AsyncIterable<Uint8Array>): Promise<Video> {
  const isFile = typeof source === 'string';
  const input = isFile ? `file:${resolve(source)}` : 'pipe:0';
  const safe = ['-protocol_whitelist', 'file,pipe', '-format_whitelist', containers];
  // The head of a first, short output tells the frame rate.
  const rate = ['-map', '0:v:0', '-frames:v', '1', '-pix_fmt', 'yuv420p', '-f', 'yuv4mpegpipe', 'pipe:3'];
  // Every frame once: none is repeated or left out for the sake of an even rate.
  const pictures = ['-map', '0:v:0', '-vsync', '0', '-c:v', 'ppm', '-f', 'image2pipe', 'pipe:1'];
  const args = ['-v', 'error', ...(isFile ? ['-nostdin'] : []), ...safe, '-i', input, ...rate, ...pictures];
  const ffmpeg = start(args, isFile ? 'ignore' : 'pipe');
  const { child } = ffmpeg;
  if (!isFile) feed(source, child.stdin as Writable);
  const name = isFile ? `"${source}"` : 'standard input';
  let framesPerS: number | undefined;
  const known = frameRateOf(child.stdio[3] as Readable).then((found) => {
    framesPerS = found;
  });
  const pixels = readPpm(child.stdout as Readable);
  const ahead: Picture[] = [];
  try {
    // ffmpeg writes to one output while nobody reads the other, so pictures are read until the rate is known.
    for (let isOver = false; !isOver && (ahead.length === 0 || framesPerS === undefined); ) {
      const next = await pixels.next();
      isOver = next.done === true;
      if (next.done !== true) ahead.push(next.value);
    }
    const [first] = ahead;
    if (first === undefined) throw await ffmpeg.failure(`ffmpeg finds no video in ${name}`);
    await known;
    return { framesPerS: framesPerS ?? framesPerSUsual, first, frames: () => allFrames(ahead, pixels, ffmpeg, name) };
  } catch (error) {
    await ffmpeg.stop();
    throw error;
  }
}

async function* allFrames(
  ahead: readonly Picture[],
  rest: AsyncGenerator<Picture>,
  ffmpeg: Ffmpeg,
  name: string,
): AsyncGenerator<Picture> {
  try {
    yield* ahead;
    yield* rest;
    const failure = await ffmpeg.failure(`ffmpeg cannot read ${name} to its end`);
    if (!ffmpeg.isWell()) throw failure;
  } finally {
    await ffmpeg.stop();
  }
}

export interface VideoWriter {
  /** @throws OnboxError `video-unwritten` */
  write(picture: Picture): Promise<void>;
  /** Ends the file. @throws OnboxError `video-unwritten` */
  end(): Promise<void>;
  /** Ends the process, with whatever has been written. */
  stop(): Promise<void>;
}

/** Begins an MP4 file of pictures that all have the size of `picture`. An existing file is replaced. @throws OnboxError `ffmpeg-missing` */
export function createVideo(path: string, { width, height }: Picture, framesPerS: number): VideoWriter {
  const input = ['-f', 'rawvideo', '-pix_fmt', 'rgb24', '-s', `${width}x${height}`, '-r', String(framesPerS), '-i', 'pipe:0'];
  // Most players want 4:2:0, which wants even sides.
  const output = ['-vf', 'pad=ceil(iw/2)*2:ceil(ih/2)*2', '-pix_fmt', 'yuv420p', '-f', 'mp4', '-y', `file:${resolve(path)}`];
  const ffmpeg = start(['-v', 'error', ...input, ...output], 'pipe');
  const stdin = ffmpeg.child.stdin as Writable;
  stdin.on('error', () => undefined);
  const fail = async (): Promise<never> => {
    const { message, cause, code } = await ffmpeg.failure(`ffmpeg cannot write "${path}"`);
    throw new OnboxError(message, { code: code === 'ffmpeg-missing' ? code : 'video-unwritten', cause });
  };
  return {
    async write(picture) {
      if (picture.width !== width || picture.height !== height) {
        const sizes = `${width}x${height} and then ${picture.width}x${picture.height}`;
        throw new OnboxError(`pictures of different sizes make no video: ${sizes}`, { code: 'video-unwritten' });
      }
      if (stdin.write(picture.data)) return;
      await Promise.race([once(stdin, 'drain'), ffmpeg.ended]);
      if (ffmpeg.hasEnded()) await fail();
    },
    async end() {
      stdin.end();
      await ffmpeg.ended;
      if (!ffmpeg.isWell()) await fail();
    },
    stop: () => ffmpeg.stop(),
  };
}

interface Ffmpeg {
  readonly child: ChildProcess;
  readonly ended: Promise<unknown>;
  hasEnded(): boolean;
  isWell(): boolean;
  /** Waits for the end, and makes an error of `what` and the first line of what ffmpeg said. */
  failure(what: string): Promise<OnboxError>;
  stop(): Promise<void>;
}

function start(args: readonly string[], stdin: 'ignore' | 'pipe'): Ffmpeg {
  const child = spawn(process.env['ONBOX_FFMPEG'] || 'ffmpeg', args, { stdio: [stdin, 'pipe', 'pipe', 'pipe'], shell: false });
  let complaint = '';
  let missing: Error | undefined;
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaint = `${complaint}${text}`.slice(0, complaintMax);
  });
  const ended = new Promise<void>((done) => {
    child.on('error', (error) => {
      missing = error;
      done();
    });
    child.on('close', () => done());
  });
  return {
    child,
    ended,
    hasEnded: () => missing !== undefined || child.exitCode !== null || child.signalCode !== null,
    isWell: () => child.exitCode === 0,
    async failure(what) {
      await ended;
      if (missing !== undefined) {
        const message = 'videos need ffmpeg; install it with: sudo apt-get install -y ffmpeg (a folder of pictures needs none)';
        return new OnboxError(message, { code: 'ffmpeg-missing', cause: missing });
      }
      const line = complaint.trim().split('\n')[0] ?? '';
      return new OnboxError(line === '' ? what : `${what}: ${line.slice(0, 300)}`, { code: 'video-invalid' });
    },
    async stop() {
      if (missing === undefined && child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await ended;
    },
  };
}

/** The rate in the head of a YUV4MPEG2 stream, as `F30000:1001`. */
function frameRateOf(stream: Readable): Promise<number> {
  let head = '';
  stream.setEncoding('latin1').on('error', () => undefined);
  return new Promise<number>((done) => {
    stream.on('data', (text: string) => {
      if (head.includes('\n')) return;
      head += text.slice(0, 1024);
      if (head.includes('\n') || head.length > 1024) done(rateIn(head));
    });
    stream.on('close', () => done(rateIn(head)));
  });
}

function rateIn(head: string): number {
  const [, above = '', below = ''] = / F(\d{1,9}):(\d{1,9})/.exec(head.split('\n')[0] ?? '') ?? [];
  const rate = Number(above) / Number(below);
  return rate > 0 && rate <= framesPerSMax ? rate : framesPerSUsual;
}

/** ffmpeg may end before it has read all; that is no failure of ours. */
function feed(source: AsyncIterable<Uint8Array>, stdin: Writable): void {
  stdin.on('error', () => undefined);
  const pump = async (): Promise<void> => {
    for await (const piece of source) {
      if (stdin.destroyed) return;
      if (!stdin.write(piece)) await Promise.race([once(stdin, 'drain'), once(stdin, 'close')]);
    }
    stdin.end();
  };
  pump().catch(() => stdin.destroy());
}
