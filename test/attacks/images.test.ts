// Cases 21 to 26: pictures that are too large, that are something else, that are damaged, and the forms that carry them.

import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { samplePicture } from '../../daemon/embedded/index.js';
import { formOf } from '../daemon/support/server.js';
import { attacked } from './support/attacked.js';
import { isOneOf, statusesOf } from './support/target.js';

const target = attacked();
const png = { 'Content-Type': 'application/octet-stream' };

async function detect(picture: Uint8Array | string): Promise<number> {
  return (await target().ask('POST', '/v1/detect?model=shapes', picture, png)).status;
}

/** A PNG that says it is `width` x `height`, with data of so many zero bytes. */
function pngOf(width: number, height: number, zeros: number): Buffer {
  const chunk = (type: string, data: Buffer): Buffer => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.byteLength);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, sum]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([1, 0, 0, 0, 0], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10]);
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.alloc(zeros))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function crc32(bytes: Uint8Array): number {
  let sum = -1;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (0xedb88320 & -(sum & 1));
  }
  return ~sum >>> 0;
}

/** The start of a JPEG of that size. */
function jpegHeader(width: number, height: number): Buffer {
  const size = [height >> 8, height & 255, width >> 8, width & 255];
  return Buffer.from([0xff, 0xd8, 0xff, 0xc0, 0, 17, 8, ...size, 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1, 0xff, 0xda, 0, 12]);
}

test.each<[string, () => Buffer | string]>([
  ['a PNG of 16000x16000', () => pngOf(16_000, 16_000, 32_016_000)],
  ['a PNG of 2^31-1 x 2^31-1', () => pngOf(2 ** 31 - 1, 2 ** 31 - 1, 100)],
  ['a JPEG of 65535x65535', () => jpegHeader(65_535, 65_535)],
  [
    'a WebP of 16383x16383',
    () => Buffer.from('RIFF\x1a\0\0\0WEBPVP8L\x0d\0\0\0\x2f\xfe\xff\xff\x0f\0\0\0\0\0\0\0\0\0', 'latin1'),
  ],
  ['a GIF', () => Buffer.from('GIF89a\x10\0\x10\0\0\0\0;', 'latin1')],
  ['a TIFF', () => Buffer.from('II*\0\x08\0\0\0', 'latin1')],
  ['an AVIF', () => Buffer.from('\0\0\0\x1cftypavif\0\0\0\0avifmif1', 'latin1')],
  ['a HEIC', () => Buffer.from('\0\0\0\x18ftypheic\0\0\0\0', 'latin1')],
  ['a JPEG XL', () => Buffer.from('\xff\x0a\xfa\x7f', 'latin1')],
  ['a JPEG 2000', () => Buffer.from('\0\0\0\x0cjP  \r\n\x87\n', 'latin1')],
])('21 %s is refused', async (_name, make) => {
  expect(await detect(make())).toBe(400);
});

test.each([
  ['an SVG with a file in it', '<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>'],
  ['an SVG with entities', '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><svg>&b;</svg>'],
  ['a PDF', '%PDF-1.7\n'],
  ['PostScript', '%!PS-Adobe-3.0 EPSF-3.0\n'],
  ['an MVG', 'push graphic-context\nimage over 0,0 0,0 "https://127.0.0.1/"\n'],
  ['an SVG behind the first bytes of a PNG', '\x89PNG\r\n\x1a\n<svg xmlns="http://www.w3.org/2000/svg"/>'],
])('22 %s is refused', async (_name, text) => {
  expect(await detect(Buffer.from(text, 'latin1'))).toBe(400);
});

test('23 a picture cut at each 4 % and with flipped bits is answered or refused', async () => {
  const whole = readFileSync(samplePicture());
  const jpeg = await sharp(whole).jpeg().toBuffer();
  for (const picture of [whole, jpeg]) {
    for (let share = 4; share < 100; share += 4) {
      expect(await detect(picture.subarray(0, Math.floor((picture.byteLength * share) / 100)))).toBe(400);
    }
    for (let i = 0; i < 25; i++) {
      const flipped = Buffer.from(picture);
      const at = Math.floor((i * picture.byteLength) / 25);
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (i % 8));
      expect(isOneOf(await detect(flipped), [200, 400])).toBe(true);
    }
  }
});

test('23 odd pictures are answered in the frame of the upright picture, the same on every route', async () => {
  const upright = sharp(readFileSync(samplePicture()));
  const odd = [
    await upright.clone().toColourspace('cmyk').jpeg().toBuffer(),
    await upright.clone().toColourspace('grey16').png().toBuffer(),
    await upright.clone().greyscale().ensureAlpha().png().toBuffer(),
    await sharp({ create: { width: 1, height: 1, channels: 3, background: '#888' } })
      .png()
      .toBuffer(),
    ...(await Promise.all([1, 6, 8].map((orientation) => upright.clone().withMetadata({ orientation }).jpeg().toBuffer()))),
  ];
  for (const picture of odd) {
    const { status, json } = await target().ask('POST', '/v1/detect?model=shapes', picture, png);
    expect(status).toBe(200);
    const form = Buffer.concat([
      Buffer.from('--b\r\nContent-Disposition: form-data; name="image"; filename="x"\r\n\r\n'),
      picture,
      Buffer.from('\r\n--b--\r\n'),
    ]);
    const type = { 'Content-Type': 'multipart/form-data; boundary=b' };
    const deepstack = (await target().ask('POST', '/v1/vision/detection', form, type)).json;
    const strong = json.objects.filter(({ confidence }: { confidence: number }) => confidence >= 0.4);
    expect(deepstack.predictions.map(({ x_min }: { x_min: number }) => x_min)).toEqual(
      strong.map(({ box }: { box: number[] }) => Math.round(box[0] ?? 0)),
    );
  }
});

test('24 restart markers without end are refused', async () => {
  const jpeg = await sharp(readFileSync(samplePicture())).jpeg().toBuffer();
  const markers = Buffer.alloc(10 * 1024 * 1024, Buffer.from([0xff, 0xd0]));
  const at = jpeg.lastIndexOf(Buffer.from([0xff, 0xda])) + 40;
  const status = await detect(Buffer.concat([jpeg.subarray(0, at), markers, jpeg.subarray(at)]));
  expect(isOneOf(status, [200, 400])).toBe(true);
});

test.each<[string, string, string | Buffer]>([
  ['10,000 parts', 'b', formOf('b', new Array(10_000).fill(['Content-Disposition: form-data; name="x"', 'y']))],
  ['no boundary', '', 'x'],
  ['a part header of 1 MB', 'b', formOf('b', [[`Content-Disposition: form-data; name="image"\r\nX: ${'x'.repeat(1e6)}`, 'y']])],
  [
    'two pictures',
    'b',
    formOf('b', [
      ['Content-Disposition: form-data; name="image"; filename="a"', 'x'],
      ['Content-Disposition: form-data; name="image"; filename="b"', 'x'],
    ]),
  ],
  ['a file name that leads out', 'b', formOf('b', [['Content-Disposition: form-data; name="image"; filename="../../x"', 'x']])],
  ['no end', 'b', '--b\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\nx'],
])('25 a form with %s is refused', async (_name, boundary, body) => {
  const type = `multipart/form-data${boundary === '' ? '' : `; boundary=${boundary}`}`;
  for (const path of ['/v1/detect', '/v1/vision/detection']) {
    const { status } = await target().ask('POST', path, body, { 'Content-Type': type });
    expect([path, isOneOf(status, [400, 413])]).toEqual([path, true]);
  }
});

test('25 a part that never ends is refused at its limit', async () => {
  const head =
    'POST /v1/detect HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=b\r\nTransfer-Encoding: chunked\r\n\r\n';
  const part = '--b\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n';
  const piece = `100000\r\n${'x'.repeat(0x100000)}\r\n`;
  const text = await target().send(head, `${part.length.toString(16)}\r\n${part}\r\n`, ...new Array(40).fill(piece));
  expect(statusesOf(text)).toEqual([413]);
});

test('26 what is no base64 is refused, and nothing is fetched', async () => {
  let visits = 0;
  const bait = createServer((_request, response) => {
    visits++;
    response.end();
  });
  await new Promise<void>((resolve) => bait.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(bait.address() as AddressInfo).port}/`;
  for (const image of [
    '!!!',
    'data:image/png;base64,AAAA',
    url,
    'http://169.254.169.254/',
    'file:///etc/passwd',
    '',
    7,
    null,
  ]) {
    for (const body of [{ image }, { url: image }]) {
      const { status } = await target().ask('POST', '/v1/detect', JSON.stringify(body), { 'Content-Type': 'application/json' });
      expect([body, status]).toEqual([body, 400]);
    }
  }
  bait.close();
  expect(visits).toBe(0);
});
