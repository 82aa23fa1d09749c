// Pictures as cameras give them, without a file format around them.

import { OnboxError } from '../core/error.js';
import type { Picture } from './image.js';

export interface RawPicture {
  /** `nv12`: a plane of luma, then one of interleaved U and V of half its width and height. `rgb24`: three bytes a pixel. */
  readonly format: 'nv12' | 'rgb24';
  readonly width: number;
  readonly height: number;
  readonly bytes: Uint8Array;
}

/**
 * The picture in the bytes.
 * @throws OnboxError `image-empty`, or `image-invalid` if a side of NV12 is odd or the bytes are not as many as the size says
 */
export function decodeRaw({ format, width, height, bytes }: RawPicture): Picture {
  const size = `${width}x${height} pixels of ${format}`;
  if (width < 1 || height < 1) throw new OnboxError(`${size}: there is no picture`, { code: 'image-empty' });
  if (format === 'nv12' && (width % 2 !== 0 || height % 2 !== 0)) {
    throw new OnboxError(`${size}: both sides must be even`, { code: 'image-invalid' });
  }
  const want = format === 'nv12' ? (width * height * 3) / 2 : width * height * 3;
  if (bytes.byteLength !== want) {
    throw new OnboxError(`${size} are ${want} bytes, got ${bytes.byteLength}`, { code: 'image-invalid' });
  }
  return { width, height, data: format === 'nv12' ? fromNv12(bytes, width, height) : bytes };
}

/** ITU-R BT.601 of limited range, as cameras and video decoders give it: luma of 16..235, in units of 1/1024. */
const gain = { luma: 1192, redV: 1634, greenU: 401, greenV: 832, blueU: 2066 } as const;

function fromNv12(bytes: Uint8Array, width: number, height: number): Uint8Array {
  // Clamps to 0..255 at each store.
  const rgb = new Uint8ClampedArray(width * height * 3);
  const chroma = width * height;
  for (let y = 0, target = 0; y < height; y++) {
    const colors = chroma + (y >> 1) * width;
    for (let x = 0; x < width; x++, target += 3) {
      const luma = ((bytes[y * width + x] as number) - 16) * gain.luma;
      const u = (bytes[colors + (x & ~1)] as number) - 128;
      const v = (bytes[colors + (x | 1)] as number) - 128;
      rgb[target] = (luma + gain.redV * v + 512) >> 10;
      rgb[target + 1] = (luma - gain.greenU * u - gain.greenV * v + 512) >> 10;
      rgb[target + 2] = (luma + gain.blueU * u + 512) >> 10;
    }
  }
  return new Uint8Array(rgb.buffer);
}
