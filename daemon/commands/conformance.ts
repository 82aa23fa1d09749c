// onbox conformance FOLDER: ONNX backend tests (model.onnx beside test_data_set_0, …) through the compiler, and what each came to.

import { type ConformanceReport, type ConformanceResult, runConformance } from '../../runtime/index.js';
import { plainText } from '../log.js';
import { type Command, exitCodes, usageError } from './command.js';
import { jsonFlag } from './flags.js';
import { createProgress } from './progress.js';

export const conformance: Command = {
  name: 'conformance',
  summary: "compile and run a tree of ONNX's backend tests",
  positionals: ['FOLDER'],
  flags: { target: { type: 'string', value: 'TARGET', help: 'what the tests are compiled for: cpu' }, json: jsonFlag },
  async run(args, terminal) {
    const target = args.text('target') ?? 'cpu';
    if (target !== 'cpu') throw usageError(`conformance: --target wants cpu, got ${JSON.stringify(target)}`);
    const progress = createProgress(terminal, 'conformance');
    const report = await runConformance(args.positional(0), (completed, total) => {
      progress.show({ stage: 'tests', completed, total });
    });
    progress.clear();
    terminal.out(args.has('json') ? `${JSON.stringify({ target, ...report })}\n` : print(report));
    return report.failed === 0 ? exitCodes.ok : exitCodes.failure;
  },
};

/** What did not pass, by reason, then the sums. */
function print({ passed, failed, unsupported, results }: ConformanceReport): string {
  const lines = results.filter(({ verdict }) => verdict !== 'passed').map(printResult);
  const total = passed + failed + unsupported;
  const share = ((100 * passed) / total).toFixed(1);
  lines.push(`${passed} of ${total} passed (${share} %), ${failed} failed, ${unsupported} unsupported`);
  return `${lines.join('\n')}\n`;
}

function printResult({ name, verdict, reason }: ConformanceResult): string {
  return plainText(`${verdict} ${name}: ${reason ?? ''}`);
}
