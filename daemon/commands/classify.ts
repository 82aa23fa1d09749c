// onbox classify IMAGE: what a picture shows.

import { classifyDefaults } from '../../runtime/index.js';
import { classifyAnswer } from '../api/answers.js';
import { classifyLimits } from '../api/limits.js';
import type { ClassifyAnswer } from '../api/types.js';
import { plainText } from '../log.js';
import { type Arguments, type Command, exitCodes, type Terminal } from './command.js';
import { daemonFlags, daemonOf, jsonFlag, modelFlag, threadsFlag, threadsOf } from './flags.js';
import { readInput } from './input.js';
import { openTarget } from './target.js';

export const classify: Command = {
  name: 'classify',
  summary: 'say what a picture shows',
  positionals: ['IMAGE'],
  flags: {
    model: modelFlag,
    top: { type: 'string', value: 'N', help: `how many classes to name (default ${classifyDefaults.top})` },
    threads: threadsFlag,
    json: jsonFlag,
    ...daemonFlags,
  },
  files: { inputs: [{ at: 0 }, { at: 'model', isName: true }] },
  async run(args, terminal) {
    const top = args.number('top', classifyLimits.top) ?? classifyDefaults.top;
    const bytes = await readInput(args.positional(0), terminal);
    const answer = await answerOf(bytes, top, args, terminal);
    if (args.has('json')) terminal.out(`${JSON.stringify(answer)}\n`);
    else for (const { label, confidence } of answer.classes) terminal.out(`${plainText(label)} ${confidence.toFixed(3)}\n`);
    return exitCodes.ok;
  },
};

async function answerOf(bytes: Uint8Array, top: number, args: Arguments, terminal: Terminal): Promise<ClassifyAnswer> {
  const client = await daemonOf(args, terminal);
  if (client !== undefined) return await client.classify(bytes, args.text('model'), { top });
  const threads = threadsOf(args);
  const target = await openTarget(args.text('model'), 'classify', threads === undefined ? {} : { threads }, terminal);
  try {
    const { classes, ms } = await target.model.classify(bytes, { top });
    return classifyAnswer(target, { classes, ms: { ...ms, queue: 0 } });
  } finally {
    await target.close();
  }
}
