// Pictures: JPEG, PNG or WebP bytes become upright 8-bit RGB. The bytes come from anywhere, so libvips may open these three formats
// and nothing else (its SVG, TIFF, GIF and HEIF readers are locked), and the size is checked in the header before a pixel is decoded.

import type Sharp from 'sharp';
import { errorMessage, OnboxError } from '../core/error.js';
import { decodeRaw, type RawPicture } from './raw.js';

/** An upright picture. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  /** u8[height,width,3], RGB. */
  readonly data: Uint8Array;
}

export interface PictureSize {
  /** Of the upright picture: EXIF orientation is applied. */
  readonly width: number;
  readonly height: number;
}

export type PictureFormat = 'jpeg' | 'png' | 'webp';

/** The most pixels that a picture may declare: 75 MB once decoded. */
const picturePixelsMax = 25_000_000;

/** The largest WebP takes 2 s of a fast core, so a slow and busy board may need many. libvips looks at its clock once a second. */
const decodeSeconds = 20;

/** What the first bytes say of formats that onbox names but does not open. */
const refusedFormats: readonly (readonly [format: string, offset: number, text: string])[] = [
  ['GIF', 0, 'GIF8'],
  ['BMP', 0, 'BM'],
  ['TIFF', 0, 'II*\0'],
  ['TIFF', 0, 'MM\0*'],
  ['HEIF or AVIF', 4, 'ftyp'],
  ['JPEG 2000', 4, 'jP  '],
  ['JPEG XL', 4, 'JXL '],
  ['JPEG XL', 0, '\xff\x0a'],
  ['PDF', 0, '%PDF'],
  ['SVG or XML', 0, '<'],
];

let library: Promise<typeof Sharp> | undefined;

/** sharp, loaded and locked down on first use: only the processes that decode pictures load libvips. */
function imageLibrary(): Promise<typeof Sharp> {
  library ??= import('sharp').then(({ default: sharp }) => {
    sharp.block({ operation: ['VipsForeignLoad'] });
    sharp.unblock({ operation: ['VipsForeignLoadJpeg', 'VipsForeignLoadPng', 'VipsForeignLoadWebp'] });
    // No two pictures are alike, so a cache only holds memory. Pictures are decoded side by side, each by one thread; the other
    // cores belong to inference.
    sharp.cache(false);
    sharp.concurrency(1);
    return sharp;
  });
  return library;
}

/** A JPEG, PNG or WebP file, or pixels as a camera gives them. */
export type PictureSource = Uint8Array | RawPicture;

/**
 * Decodes raw pixels, or the first frame of a JPEG, PNG or WebP file.
 * EXIF orientation is applied; grey, CMYK and 16-bit become 8-bit sRGB; what is transparent becomes black.
 * @throws OnboxError `image-empty`, `image-unsupported`, `image-too-large` or `image-invalid` (damaged, truncated or too slow)
 */
export async function decodePicture(source: PictureSource): Promise<Picture> {
  if (!ArrayBuffer.isView(source)) return decodeRaw(source);
  const bytes = source;
  const format = requireFormat(bytes);
  await pictureSize(bytes);
  const sharp = await imageLibrary();
  try {
    const { data, info } = await openPicture(sharp, bytes)
      .timeout({ seconds: decodeSeconds })
      .autoOrient()
      .flatten({ background: 'black' })
      .toColourspace('srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    if (info.channels !== 3) throw new Error(`decoded to ${info.channels} channels, not 3`);
    return { width: info.width, height: info.height, data };
  } catch (cause) {
    throw damaged(format, cause);
  }
}

/**
 * The size of the picture once upright, from the header alone.
 * @throws OnboxError as `decodePicture`
 */
export async function pictureSize(bytes: Uint8Array): Promise<PictureSize> {
  const format = requireFormat(bytes);
  const sharp = await imageLibrary();
  let size: PictureSize;
  try {
    const { width, height, orientation } = await openPicture(sharp, bytes).metadata();
    // EXIF orientations 5 to 8 turn the picture by a quarter.
    size = (orientation ?? 1) >= 5 ? { width: height, height: width } : { width, height };
  } catch (cause) {
    throw damaged(format, cause);
  }
  if (size.width * size.height > picturePixelsMax) {
    throw new OnboxError(
      `the picture has ${size.width}x${size.height} = ${size.width * size.height} pixels, at most ${picturePixelsMax} are accepted`,
      { code: 'image-too-large' },
    );
  }
  if (size.width < 1 || size.height < 1) {
    throw new OnboxError(`the picture is ${size.width}x${size.height} pixels: it has none`, { code: 'image-empty' });
  }
  return size;
}

/** The format by the first bytes, undefined for what onbox does not open. File names and declared types are never asked. */
export function sniffFormat(bytes: Uint8Array): PictureFormat | undefined {
  if (startsWith(bytes, 0, '\xff\xd8\xff')) return 'jpeg';
  if (startsWith(bytes, 0, '\x89PNG\r\n\x1a\n')) return 'png';
  if (startsWith(bytes, 0, 'RIFF') && startsWith(bytes, 8, 'WEBP')) return 'webp';
  return undefined;
}

/** A PNG file of an RGB picture. */
export async function encodePng(picture: Picture): Promise<Uint8Array> {
  const sharp = await imageLibrary();
  const raw = { width: picture.width, height: picture.height, channels: 3 as const };
  return await sharp(picture.data, { raw, limitInputPixels: picturePixelsMax }).png({ compressionLevel: 6 }).toBuffer();
}

function openPicture(sharp: typeof Sharp, bytes: Uint8Array): Sharp.Sharp {
  // `error` refuses truncated files and lets pass what libjpeg merely warns of, such as the stray bytes of many webcams.
  // The size is ours to refuse, with a better sentence: pictureSize comes first in every path.
  return sharp(bytes, {
    failOn: 'error',
    limitInputPixels: false,
    pages: 1,
    animated: false,
    sequentialRead: true,
    ignoreIcc: true,
  });
}

function requireFormat(bytes: Uint8Array): PictureFormat {
  if (bytes.byteLength === 0) throw new OnboxError('the picture has 0 bytes', { code: 'image-empty' });
  const format = sniffFormat(bytes);
  if (format !== undefined) return format;
  const refused = refusedFormats.find(([, offset, text]) => startsWith(bytes, offset, text));
  throw new OnboxError(`the picture is ${refused?.[0] ?? 'of no known format'}; onbox opens JPEG, PNG and WebP`, {
    code: 'image-unsupported',
  });
}

function startsWith(bytes: Uint8Array, offset: number, text: string): boolean {
  if (bytes.byteLength < offset + text.length) return false;
  for (let i = 0; i < text.length; i++) if (bytes[offset + i] !== text.charCodeAt(i)) return false;
  return true;
}

function damaged(format: PictureFormat, cause: unknown): OnboxError {
  // libvips reports a line for each thing that went wrong; the first says enough, and holds no text of the file.
  const reason = (errorMessage(cause).split('\n')[0] ?? '').slice(0, 200);
  return new OnboxError(`the ${format.toUpperCase()} picture cannot be decoded: ${reason}`, { code: 'image-invalid', cause });
}
