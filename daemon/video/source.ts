// Where frames come from: a video file, standard input, or a folder of pictures in the order of their names.

import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { decodePicture, errorMessage, OnboxError, type Picture } from '../../runtime/index.js';
import { openVideo } from './ffmpeg.js';

export interface FrameSource {
  readonly framesPerS: number;
  /** How many frames there are; undefined where that is not known before the end. */
  readonly count: number | undefined;
  readonly first: Picture;
  frames(): AsyncGenerator<Picture>;
}

const pictureEnding = /\.(jpe?g|png|webp)$/i;

/**
 * @param source `-` for `input`, a folder, or a video file
 * @param folderFramesPerS how fast the pictures of a folder were taken
 * @throws OnboxError `file-missing`, `folder-empty`, and what openVideo and decodePicture throw
 */
export async function openFrames(
  source: string,
  input: AsyncIterable<Uint8Array>,
  folderFramesPerS: number,
): Promise<FrameSource> {
  if (source === '-') return { ...(await openVideo(input)), count: undefined };
  const facts = await stat(source).catch((cause: unknown) => {
    throw new OnboxError(`cannot read "${source}": ${errorMessage(cause)}`, { code: 'file-missing', cause });
  });
  if (!facts.isDirectory()) return { ...(await openVideo(source)), count: undefined };
  return await openFolder(source, folderFramesPerS);
}

async function openFolder(folder: string, framesPerS: number): Promise<FrameSource> {
  const names = (await readdir(folder)).filter((name) => pictureEnding.test(name));
  // 2.jpg comes before 10.jpg.
  names.sort(new Intl.Collator('en', { numeric: true }).compare);
  const [firstName] = names;
  if (firstName === undefined) {
    throw new OnboxError(`the folder "${folder}" holds no JPEG, PNG or WebP files`, { code: 'folder-empty' });
  }
  const open = async (name: string): Promise<Picture> => await decodePicture(await readFile(join(folder, name)));
  return { framesPerS, count: names.length, first: await open(firstName), frames: () => inAdvance(names, open) };
}

/** While one picture is looked at, the next one is decoded. */
async function* inAdvance(names: readonly string[], open: (name: string) => Promise<Picture>): AsyncGenerator<Picture> {
  let next: Promise<Picture> | undefined;
  for (const [index, name] of names.entries()) {
    const picture = await (next ?? open(name));
    const following = names[index + 1];
    next = following === undefined ? undefined : open(following);
    // Whoever leaves before never hears of it.
    next?.catch(() => undefined);
    yield picture;
  }
}
