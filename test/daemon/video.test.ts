// Frames from folders and videos: their order, their sizes, hostile names, and what is said where there is nothing to see.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createVideo } from '../../daemon/video/ffmpeg.js';
import { readPpm } from '../../daemon/video/ppm.js';
import { openFrames } from '../../daemon/video/source.js';
import { encodePng, type Picture } from '../../runtime/vision/image.js';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'onbox-video-'));
});

afterAll(() => rmSync(folder, { recursive: true }));

async function* nothing(): AsyncGenerator<Uint8Array> {}

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += size) yield bytes.subarray(at, at + size);
}

function plain(value: number, { width = 64, height = 48 } = {}): Picture {
  return { width, height, data: new Uint8Array(width * height * 3).fill(value) };
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const each of items) list.push(each);
  return list;
}

test.each([1, 7, 1000])('PPM pictures are read in pieces of %d bytes', async (size) => {
  const bytes = Buffer.concat([Buffer.from('P6\n2 1\n255\nabcdef'), Buffer.from('P6\n1 1\n255\nxyz')]);
  const pictures = await all(readPpm(inPieces(bytes, size)));
  expect(pictures.map(({ width, height, data }) => [width, height, String(Buffer.from(data))])).toEqual([
    [2, 1, 'abcdef'],
    [1, 1, 'xyz'],
  ]);
});

test.each([
  ['P6\n2 1\n255\nabc', 'video-invalid'],
  ['P5 of another kind, and some more bytes', 'video-invalid'],
  ['P6\n99999 99999\n255\n', 'image-too-large'],
])('%j is no video', async (text, code) => {
  await expect(all(readPpm(inPieces(Buffer.from(text), 5)))).rejects.toMatchObject({ code });
});

test('a folder gives its pictures in the order of their numbers, and nothing else', async () => {
  const names = ['frame10.png', 'frame2.png', 'frame1.PNG'];
  for (const name of names) writeFileSync(join(folder, name), await encodePng(plain(Number(/\d+/.exec(name)?.[0]))));
  writeFileSync(join(folder, 'notes.txt'), 'no picture');
  const source = await openFrames(folder, nothing(), 12);
  expect([source.count, source.framesPerS, source.first.data[0]]).toEqual([3, 12, 1]);
  expect((await all(source.frames())).map(({ data }) => data[0])).toEqual([1, 2, 10]);
});

test('what is not there, holds nothing or cannot be opened is told', async () => {
  const empty = join(folder, 'empty');
  mkdirSync(empty);
  await expect(openFrames(join(folder, 'absent.mp4'), nothing(), 25)).rejects.toMatchObject({ code: 'file-missing' });
  await expect(openFrames(empty, nothing(), 25)).rejects.toMatchObject({ code: 'folder-empty' });
  try {
    process.env['ONBOX_FFMPEG'] = join(empty, 'ffmpeg');
    await expect(openFrames(join(folder, 'notes.txt'), nothing(), 25)).rejects.toMatchObject({
      code: 'ffmpeg-missing',
      message: expect.stringContaining('sudo apt-get install -y ffmpeg'),
    });
    await expect(createVideo(join(folder, 'x.mp4'), plain(0), 10).end()).rejects.toMatchObject({ code: 'ffmpeg-missing' });
  } finally {
    delete process.env['ONBOX_FFMPEG'];
  }
});

if (spawnSync('ffmpeg', ['-version']).error !== undefined) {
  test.skip('ffmpeg is missing: videos are not tested', () => undefined);
} else {
  // Names that are options, addresses, patterns or commands elsewhere.
  test.each(['plain.mp4', '-y.mp4', 'concat:a|b.mp4', '$(touch pwned);%03d.mp4', 'http:'])(
    'a video is written to and read from a file of the name %j',
    async (name) => {
      const inside = join(folder, 'names');
      mkdirSync(inside, { recursive: true });
      const file = join(inside, name);
      const writer = createVideo(file, plain(0, { width: 63, height: 47 }), 10);
      for (let i = 0; i < 12; i++) await writer.write(plain(i * 20, { width: 63, height: 47 }));
      await writer.end();
      const source = await openFrames(file, nothing(), 25);
      // Sides are made even.
      expect([source.framesPerS, source.first.width, source.first.height]).toEqual([10, 64, 48]);
      const pictures = await all(source.frames());
      expect(pictures).toHaveLength(12);
      pictures.forEach(({ data }, index) => {
        expect(Math.abs((data[0] ?? 0) - index * 20)).toBeLessThan(12);
      });
      expect(existsSync(join(process.cwd(), 'pwned'))).toBe(false);
    },
  );

  test('a video is read from a pipe, and may be left in the middle', async () => {
    const file = join(folder, 'piped.avi');
    const args = ['-v', 'error', '-f', 'lavfi', '-i', 'testsrc=size=64x48:rate=7:duration=20', '-c:v', 'mjpeg', '-y', file];
    expect(spawnSync('ffmpeg', args).status).toBe(0);
    const source = await openFrames('-', inPieces(readFileSync(file), 1000), 25);
    expect(source.framesPerS).toBe(7);
    let count = 0;
    for await (const { width } of source.frames()) {
      expect(width).toBe(64);
      if (++count === 5) break;
    }
    expect(count).toBe(5);
  });

  test('what is no video, and a playlist that names another file, are refused', async () => {
    const playlist = join(folder, 'list.m3u8');
    writeFileSync(playlist, `#EXTM3U\n#EXTINF:1,\nfile://${join(folder, 'names', 'plain.mp4')}\n#EXT-X-ENDLIST\n`);
    for (const file of [join(folder, 'notes.txt'), playlist]) {
      await expect(openFrames(file, nothing(), 25)).rejects.toMatchObject({ code: 'video-invalid' });
    }
    await expect(openFrames('-', inPieces(Buffer.alloc(100_000, 7), 4096), 25)).rejects.toMatchObject({
      code: 'video-invalid',
    });
  });

  test('a file that cannot be written is told', async () => {
    const writer = createVideo(join(folder, 'absent', 'x.mp4'), plain(0), 10);
    await expect(writer.end()).rejects.toMatchObject({ code: 'video-unwritten' });
    const other = createVideo(join(folder, 'y.mp4'), plain(0), 10);
    await expect(other.write(plain(0, { width: 32, height: 48 }))).rejects.toMatchObject({ code: 'video-unwritten' });
    await other.stop();
  });
}
