// `npm run bench -- video`: the whole way of a video, from its file to tracks, and how right they are: `onbox track` on the street
// filmed from above, held against its ground truth.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { runCommandLine } from '../../daemon/commands/index.js';
import { OnboxError } from '../../runtime/core/error.js';
import { sharedData } from '../support/data.js';
import { measure } from '../track/support/metrics.js';
import { compare, type MotLine, readMot } from '../track/support/mot.js';
import { parseFlags } from './support/arguments.js';
import { describeMachine, printMachine } from './support/machine.js';

/** Pixels of the video for one of the ground truth. */
const scale = 0.625;

/**
 * Prints what `onbox track` says and the scores of its tracks.
 * @param args `--model FILE`
 * @throws OnboxError `usage`, `data-missing`, `bench-answer-wrong`
 */
export async function main(args: readonly string[]): Promise<void> {
  const flags = parseFlags(args, ['model']);
  const video = sharedData('video', 'vtest_480x360.avi');
  const truth = sharedData('mot', 'MOT15', 'PETS09-S2L1', 'gt', 'gt.txt');
  const model = flags.model ?? sharedData('models', 'yolov8n_640_fp32deq.onnx');
  if (video === undefined || truth === undefined || model === undefined) {
    throw new OnboxError('the video, its ground truth and the model are not here; see ONBOX_TEST_DATA', {
      code: 'data-missing',
    });
  }
  print(printMachine(describeMachine()));
  const folder = await mkdtemp(join(tmpdir(), 'onbox-bench-'));
  try {
    const mot = join(folder, 'mot.txt');
    await track([video, '--model', model, '--label', 'person', '--mot', mot], folder);
    const { hota, detA, assA, mota, idf1, switches } = measure(compare(readMot(truth).map(toVideo), readMot(mot)));
    const scores = { HOTA: hota, DetA: detA, AssA: assA, MOTA: mota, IDF1: idf1 };
    const told = Object.entries(scores).map(([name, score]) => `${name} ${score.toFixed(2)}`);
    print(`${told.join(', ')}, ${switches} switches of identity`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function track(args: readonly string[], home: string): Promise<void> {
  let last = '';
  const code = await runCommandLine(['track', ...args], {
    out: (text) => {
      last = text;
    },
    err: (text) => process.stderr.write(text),
    input: Readable.from([]),
    isInteractive: false,
    closed: new AbortController().signal,
    environment: { ...process.env, ONBOX_HOME: home },
  });
  if (code !== 0) throw new OnboxError(`onbox track ended with ${code}`, { code: 'bench-answer-wrong' });
  print(last.trimEnd());
}

function toVideo(line: MotLine): MotLine {
  const [left, top, right, bottom] = line.box;
  return { ...line, box: [left * scale, top * scale, right * scale, bottom * scale] };
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
