// A model that was compiled for several sizes of its picture: which of them a picture is looked at with.

import type { ImageInput } from '../module/manifest.js';
import type { PictureSize } from './image.js';

/** Natural logarithm of two proportions' ratio below which they count as the same: 5 %. */
const sameProportions = 0.05;

/**
 * The index of the size that suits a picture best: that of its proportions, which leaves the least of the input empty; of several, the
 * smallest that need not shrink the picture, else the largest.
 */
export function chooseSize(picture: PictureSize, sizes: readonly Pick<ImageInput, 'width' | 'height'>[]): number {
  const distances = sizes.map(({ width, height }) => Math.abs(Math.log((width * picture.height) / (height * picture.width))));
  const least = Math.min(...distances);
  const fitting = [...sizes.keys()]
    .filter((i) => (distances[i] as number) <= least + sameProportions)
    .sort((a, b) => areaOf(sizes[a]) - areaOf(sizes[b]));
  const whole = fitting.find((i) => areaOf(sizes[i]) >= picture.width * picture.height);
  return whole ?? fitting.at(-1) ?? 0;
}

function areaOf(size: Pick<ImageInput, 'width' | 'height'> | undefined): number {
  return size === undefined ? 0 : size.width * size.height;
}
