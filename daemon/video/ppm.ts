// Binary PPM pictures, one behind the other, as ffmpeg's image2pipe writes them.

import { OnboxError, type Picture } from '../../runtime/index.js';

/** `P6`, width, height, 255. */
const head = /^P6\n([0-9]{1,6}) ([0-9]{1,6})\n255\n/;
const headBytesMax = 32;

/** As for pictures: 75 MB once decoded. */
const pixelsMax = 25_000_000;

/** @throws OnboxError `video-invalid` for anything else or a picture that is cut, `image-too-large` */
export async function* readPpm(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Picture> {
  let rest: Uint8Array = new Uint8Array(0);
  let picture: Picture | undefined;
  let filled = 0;
  for await (const piece of stream) {
    rest = rest.byteLength === 0 ? piece : Buffer.concat([rest, piece]);
    for (;;) {
      if (picture === undefined) {
        const text = Buffer.from(rest.buffer, rest.byteOffset, Math.min(rest.byteLength, headBytesMax)).toString('latin1');
        const found = head.exec(text);
        if (found === null) {
          if (rest.byteLength >= headBytesMax) throw new OnboxError('this is no PPM picture', { code: 'video-invalid' });
          break;
        }
        picture = emptyPicture(Number(found[1]), Number(found[2]));
        rest = rest.subarray(found[0].length);
        filled = 0;
      }
      const part = rest.subarray(0, picture.data.byteLength - filled);
      picture.data.set(part, filled);
      filled += part.byteLength;
      rest = rest.subarray(part.byteLength);
      if (filled < picture.data.byteLength) break;
      yield picture;
      picture = undefined;
    }
  }
  if (picture !== undefined || rest.byteLength > 0) throw new OnboxError('the video is cut', { code: 'video-invalid' });
}

function emptyPicture(width: number, height: number): Picture {
  if (width * height > pixelsMax) {
    const message = `the video has ${width}x${height} = ${width * height} pixels, at most ${pixelsMax} are accepted`;
    throw new OnboxError(message, { code: 'image-too-large' });
  }
  return { width, height, data: new Uint8Array(width * height * 3) };
}
