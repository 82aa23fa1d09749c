// Pictures from anywhere: every kind of pixel comes out as RGB, every hostile file as a refusal with its code.

import { crc32, deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { decodePicture, encodePng, pictureSize, sniffFormat } from '../../runtime/vision/image.js';
import { cheapestMs } from './timing.js';

/** 3 wide, 2 high: red, green, blue over black, white, grey. */
const colors = Buffer.from([255, 0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 128, 128, 128]);

function small(): sharp.Sharp {
  return sharp(colors, { raw: { width: 3, height: 2, channels: 3 } });
}

function even(channels: 3 | 4, color: sharp.Color): sharp.Sharp {
  return sharp({ create: { width: 16, height: 8, channels, background: color } });
}

/** A PNG that declares a size and begins its data, and nothing else. */
function pngHeader(width: number, height: number): Buffer {
  const sizes = Buffer.from('00000000000000000802000000', 'hex');
  sizes.writeUInt32BE(width, 0);
  sizes.writeUInt32BE(height, 4);
  const start = Buffer.from('89504e470d0a1a0a', 'hex');
  return Buffer.concat([start, pngChunk('IHDR', sizes), pngChunk('IDAT', deflateSync(Buffer.alloc(1000)))]);
}

function pngChunk(type: string, data: Buffer): Buffer {
  const content = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const chunk = Buffer.alloc(data.length + 12);
  chunk.writeUInt32BE(data.length, 0);
  content.copy(chunk, 4);
  chunk.writeUInt32BE(crc32(content), data.length + 8);
  return chunk;
}

async function codeOf(bytes: Uint8Array): Promise<string> {
  return await decodePicture(bytes).then(
    () => 'decoded',
    (error) => error.code,
  );
}

test('a lossless picture keeps every pixel, as PNG and as WebP', async () => {
  for (const bytes of [await small().png().toBuffer(), await small().webp({ lossless: true }).toBuffer()]) {
    const { width, height, data } = await decodePicture(bytes);
    expect([width, height, ...data]).toEqual([3, 2, ...colors]);
  }
});

test('encodePng gives back what decodePicture read', async () => {
  const picture = await decodePicture(await small().png().toBuffer());
  expect(Buffer.from((await decodePicture(await encodePng(picture))).data)).toEqual(colors);
});

test('each EXIF orientation comes out upright, and pictureSize knows it', async () => {
  // Corner pixels of the stored picture, read clockwise from the upright picture's left top one, by EXIF orientation 1 to 8.
  const [a, b, c, d] = [colors.subarray(0, 3), colors.subarray(6, 9), colors.subarray(15, 18), colors.subarray(9, 12)];
  const upright = [
    [a, b, c, d],
    [b, a, d, c],
    [c, d, a, b],
    [d, c, b, a],
    [a, d, c, b],
    [d, a, b, c],
    [c, b, a, d],
    [b, c, d, a],
  ];
  for (const [index, corners] of upright.entries()) {
    const bytes = await small()
      .withMetadata({ orientation: index + 1 })
      .png()
      .toBuffer();
    const { width, height, data } = await decodePicture(bytes);
    expect(await pictureSize(bytes)).toEqual({ width, height });
    expect([width, height]).toEqual(index < 4 ? [3, 2] : [2, 3]);
    const at = (x: number, y: number) => [...data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3)];
    const found = [at(0, 0), at(width - 1, 0), at(width - 1, height - 1), at(0, height - 1)];
    expect({ orientation: index + 1, found }).toEqual({ orientation: index + 1, found: corners.map((color) => [...color]) });
  }
});

test('16 bits a channel become 8', async () => {
  const bytes = await even(3, { r: 200, g: 100, b: 50 }).toColourspace('rgb16').png().toBuffer();
  expect((await sharp(bytes).metadata()).depth).toBe('ushort');
  expect([...(await decodePicture(bytes)).data.subarray(0, 3)]).toEqual([200, 100, 50]);
});

test('grey, grey of 16 bits and a palette become RGB', async () => {
  for (const bytes of [
    await even(3, '#808080').toColourspace('b-w').png().toBuffer(),
    await even(3, '#808080').toColourspace('b-w').jpeg().toBuffer(),
    await even(3, '#808080').toColourspace('grey16').png().toBuffer(),
    await even(3, '#808080').png({ palette: true }).toBuffer(),
  ]) {
    expect([...(await decodePicture(bytes)).data]).toEqual(new Array(16 * 8 * 3).fill(128));
  }
});

test('CMYK becomes RGB of about the same colour', async () => {
  const bytes = await even(3, '#ff0000').toColourspace('cmyk').jpeg().toBuffer();
  expect((await sharp(bytes).metadata()).space).toBe('cmyk');
  const [red = 0, green = 0, blue = 0] = (await decodePicture(bytes)).data;
  expect(red).toBeGreaterThan(180);
  expect(Math.max(green, blue)).toBeLessThan(90);
});

test('what is transparent becomes black, half transparent half as bright', async () => {
  const clear = await even(4, { r: 255, g: 255, b: 255, alpha: 0 }).png().toBuffer();
  const half = await even(4, { r: 200, g: 100, b: 50, alpha: 0.5 }).webp({ lossless: true }).toBuffer();
  const grey = await even(4, { r: 128, g: 128, b: 128, alpha: 0 }).toColourspace('b-w').png().toBuffer();
  expect([...(await decodePicture(clear)).data.subarray(0, 3)]).toEqual([0, 0, 0]);
  expect([...(await decodePicture(grey)).data]).toEqual(new Array(16 * 8 * 3).fill(0));
  const [red = 0, green = 0, blue = 0] = (await decodePicture(half)).data;
  expect(Math.max(Math.abs(red - 100), Math.abs(green - 50), Math.abs(blue - 25))).toBeLessThanOrEqual(1);
});

test('one pixel is a picture', async () => {
  const bytes = await sharp({ create: { width: 1, height: 1, channels: 3, background: '#0a141e' } })
    .png()
    .toBuffer();
  expect(await decodePicture(bytes)).toMatchObject({ width: 1, height: 1 });
  expect([...(await decodePicture(bytes)).data]).toEqual([10, 20, 30]);
});

test('of an animated WebP only the first frame is read', async () => {
  const frames = Buffer.concat([Buffer.alloc(12, 40), Buffer.alloc(12, 200)]);
  const bytes = await sharp(frames, { raw: { width: 2, height: 4, channels: 3, pageHeight: 2 } })
    .webp({ lossless: true })
    .toBuffer();
  const { width, height, data } = await decodePicture(bytes);
  expect([width, height, ...data]).toEqual([2, 2, ...Buffer.alloc(12, 40)]);
});

test('bombs are refused by their header, in little time', async () => {
  const jpeg = await even(3, 'red').jpeg().toBuffer();
  // The frame header holds height and width in this order.
  const frame = jpeg.indexOf(Buffer.from([0xff, 0xc0]));
  jpeg.writeUInt16BE(65_500, frame + 5);
  jpeg.writeUInt16BE(65_500, frame + 7);
  for (const bytes of [pngHeader(16_000, 16_000), pngHeader(5001, 5000), jpeg]) {
    expect(await codeOf(bytes)).toBe('image-too-large');
    expect(await cheapestMs(() => codeOf(bytes))).toBeLessThan(100);
  }
  await expect(decodePicture(pngHeader(16_000, 16_000))).rejects.toThrow(/16000x16000.*25000000/);
});

test('other formats are refused by their first bytes, whatever sharp could read', async () => {
  const svg = '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>';
  for (const bytes of [
    Buffer.from(svg),
    Buffer.from('<svg width="9" height="9"/>'),
    await even(3, 'red').gif().toBuffer(),
    await even(3, 'red').tiff().toBuffer(),
    Buffer.from('%PDF-1.7'),
    Buffer.from('BM'),
    Buffer.from('\0\0\0\x1cftypavif'),
    Buffer.from('no picture at all'),
    Buffer.from([0]),
  ]) {
    expect(await codeOf(bytes)).toBe('image-unsupported');
  }
});

test('libvips itself opens nothing but JPEG, PNG and WebP once a picture was decoded', async () => {
  await decodePicture(await small().png().toBuffer());
  await expect(
    sharp(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')).toBuffer(),
  ).rejects.toThrow();
});

test('an SVG behind the first bytes of a PNG is a damaged PNG', async () => {
  const bytes = Buffer.concat([pngHeader(0, 0).subarray(0, 8), Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>')]);
  expect(sniffFormat(bytes)).toBe('png');
  expect(await codeOf(bytes)).toBe('image-invalid');
});

test('no bytes and no pixels are told apart from damage', async () => {
  expect(await codeOf(new Uint8Array(0))).toBe('image-empty');
  expect(await codeOf(pngHeader(0, 0))).toMatch(/^image-(invalid|empty)$/);
});

test('a truncated file is refused, wherever it ends', async () => {
  const noise = Buffer.from(Array.from({ length: 64 * 64 * 3 }, (_, i) => (i * 7919) % 251));
  const picture = () => sharp(noise, { raw: { width: 64, height: 64, channels: 3 } });
  for (const whole of [
    await picture().jpeg().toBuffer(),
    await picture().png().toBuffer(),
    await picture().webp().toBuffer(),
  ]) {
    for (let percent = 1; percent < 98; percent += 4) {
      const code = await codeOf(whole.subarray(0, Math.floor((whole.length * percent) / 100)));
      expect({ percent, code }).toEqual({ percent, code: expect.stringMatching(/^image-(invalid|unsupported)$/) });
    }
  }
});

test('flipped bits give a picture of a sane size or a refusal, never another error', async () => {
  const whole = await sharp({ create: { width: 48, height: 32, channels: 3, background: '#336699' } })
    .jpeg()
    .toBuffer();
  for (let at = 3; at < whole.length; at += 5) {
    const bytes = Buffer.from(whole);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << (at % 8));
    expect(await codeOf(bytes)).toMatch(/^(decoded|image-(invalid|too-large|empty))$/);
  }
});

test('a progressive JPEG of too many scans is refused', async () => {
  const whole = await sharp({ create: { width: 64, height: 64, channels: 3, background: '#336699' } })
    .jpeg({ progressive: true })
    .toBuffer();
  const last = whole.lastIndexOf(Buffer.from([0xff, 0xda]));
  const scan = whole.subarray(last, whole.length - 2);
  const bytes = Buffer.concat([whole.subarray(0, last), ...new Array<Buffer>(2000).fill(scan), Buffer.from([0xff, 0xd9])]);
  expect(await codeOf(bytes)).toMatch(/^(decoded|image-invalid)$/);
  expect(await cheapestMs(() => codeOf(bytes), 3)).toBeLessThan(2000);
});

test('a garbage colour profile and a full 64 KB of garbage EXIF change nothing', async () => {
  const whole = await even(3, '#336699').jpeg().toBuffer();
  const segment = (marker: number, name: string) => {
    const content = Buffer.alloc(65_533, 0xa5);
    content.write(name, 'latin1');
    return Buffer.concat([Buffer.from([0xff, marker, 0xff, 0xff]), content]);
  };
  const odd = Buffer.concat([
    whole.subarray(0, 2),
    segment(0xe1, 'Exif\0\0'),
    segment(0xe2, 'ICC_PROFILE\0\x01\x01'),
    whole.subarray(2),
  ]);
  expect(Buffer.from((await decodePicture(odd)).data)).toEqual(Buffer.from((await decodePicture(whole)).data));
});

test('a view into a larger buffer is read where it lies', async () => {
  const bytes = await small().png().toBuffer();
  const padded = Buffer.concat([Buffer.alloc(7, 255), bytes, Buffer.alloc(9, 255)]);
  expect(Buffer.from((await decodePicture(padded.subarray(7, 7 + bytes.length))).data)).toEqual(colors);
});
