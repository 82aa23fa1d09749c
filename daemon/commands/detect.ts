// onbox detect IMAGE: objects in a picture, as lines, as JSON, or drawn.

import { writeFile } from 'node:fs/promises';
import { type DetectOptions, decodePicture, detectDefaults, drawObjects } from '../../runtime/index.js';
import { detectAnswer } from '../api/answers.js';
import { detectLimits } from '../api/limits.js';
import type { DetectAnswer } from '../api/types.js';
import { plainText, printCount } from '../log.js';
import { type Arguments, type Command, exitCodes, type Terminal } from './command.js';
import { daemonFlags, daemonOf, jsonFlag, modelFlag, threadsFlag, threadsOf } from './flags.js';
import { readInput } from './input.js';
import { openTarget } from './target.js';

export const detect: Command = {
  name: 'detect',
  summary: 'find objects in a picture',
  positionals: ['IMAGE'],
  flags: {
    model: modelFlag,
    'min-confidence': {
      type: 'string',
      value: 'P',
      help: `least confidence, 0 to 1 (default: the model's own, or ${detectDefaults.minConfidence})`,
    },
    iou: {
      type: 'string',
      value: 'P',
      help: `overlap above which two boxes are one object (default: the model's own, or ${detectDefaults.iou})`,
    },
    max: { type: 'string', value: 'N', help: `most objects (default ${detectDefaults.max})` },
    draw: { type: 'string', value: 'OUT.png', help: 'write the picture with its objects drawn' },
    threads: threadsFlag,
    json: jsonFlag,
    ...daemonFlags,
  },
  files: { inputs: [{ at: 0 }, { at: 'model', isName: true }], outputs: ['draw'] },
  async run(args, terminal) {
    const options = optionsOf(args);
    const bytes = await readInput(args.positional(0), terminal);
    const answer = await answerOf(bytes, options, args, terminal);
    const draw = args.text('draw');
    if (draw !== undefined) await writeFile(draw, await drawObjects(await decodePicture(bytes), answer.objects));
    if (args.has('json')) terminal.out(`${JSON.stringify(answer)}\n`);
    else terminal.out(describeAnswer(answer));
    return exitCodes.ok;
  },
};

function optionsOf(args: Arguments): Partial<DetectOptions> {
  const minConfidence = args.number('min-confidence', detectLimits.minConfidence);
  const iou = args.number('iou', detectLimits.iou);
  const max = args.number('max', detectLimits.max);
  return {
    ...(minConfidence === undefined ? {} : { minConfidence }),
    ...(iou === undefined ? {} : { iou }),
    ...(max === undefined ? {} : { max }),
  };
}

async function answerOf(
  bytes: Uint8Array,
  options: Partial<DetectOptions>,
  args: Arguments,
  terminal: Terminal,
): Promise<DetectAnswer> {
  const client = await daemonOf(args, terminal);
  if (client !== undefined) return await client.detect(bytes, args.text('model'), options);
  const threads = threadsOf(args);
  const target = await openTarget(args.text('model'), 'detect', threads === undefined ? {} : { threads }, terminal);
  try {
    const { image, objects, ms } = await target.model.detect(bytes, options);
    return detectAnswer(target, { image, objects, ms: { ...ms, queue: 0 } });
  } finally {
    await target.close();
  }
}

function describeAnswer({ objects, image, ms, model }: DetectAnswer): string {
  const lines = objects.map(({ label, confidence, box }) => {
    const corners = box.map((length) => Math.round(length)).join(' ');
    return `${plainText(label)} ${confidence.toFixed(3)} ${corners}\n`;
  });
  const total = ms.decode + ms.queue + ms.infer + ms.post;
  return `${lines.join('')}${printCount(objects.length, 'object')} in ${image.width}x${image.height} pixels by ${model}, ${total.toFixed(1)} ms\n`;
}
