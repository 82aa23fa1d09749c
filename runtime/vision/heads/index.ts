// Every head that onbox has, in the order in which graphs are held against them: those that need the most to match come first.

import { OnboxError } from '../../core/error.js';
import { classify } from './classify.js';
import type { ClassifyHead, DetectHead, Head } from './head.js';
import { nanodet } from './nanodet.js';
import { nms } from './nms.js';
import { ultraface } from './ultraface.js';
import { yolov5 } from './yolov5.js';
import { yolov8 } from './yolov8.js';
import { yolox } from './yolox.js';
import { yunet } from './yunet.js';

export const heads: readonly Head[] = [nms, yunet, nanodet, ultraface, yolov5, yolox, yolov8, classify];

/** @throws OnboxError `head-unknown` naming those that exist */
export function headOf(kind: string): Head {
  const head = heads.find((candidate) => candidate.kind === kind);
  if (head !== undefined) return head;
  throw new OnboxError(
    `head ${JSON.stringify(kind.slice(0, 64))} is unknown; onbox has ${heads.map((h) => h.kind).join(', ')}`,
    {
      code: 'head-unknown',
    },
  );
}

/** @throws OnboxError `head-task` if the head does not detect */
export function detectHeadOf(kind: string): DetectHead {
  const head = headOf(kind);
  if (head.task === 'detect') return head;
  throw new OnboxError(`head ${head.kind} is for the task ${head.task}, not for detect`, { code: 'head-task' });
}

/** @throws OnboxError `head-task` if the head does not classify */
export function classifyHeadOf(kind: string): ClassifyHead {
  const head = headOf(kind);
  if (head.task === 'classify') return head;
  throw new OnboxError(`head ${head.kind} is for the task ${head.task}, not for classify`, { code: 'head-task' });
}
