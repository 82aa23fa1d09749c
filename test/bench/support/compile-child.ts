// Compiles one model, says what it took, and ends. Started by compile.ts with fork().

import { errorMessage } from '../../../runtime/core/error.js';
import { compileFile } from '../../../runtime/vision/compile.js';

export type FromCompiler =
  | { readonly kind: 'done'; readonly seconds: number; readonly peakRssBytes: number }
  | { readonly kind: 'failed'; readonly reason: string };

/** @param args name of the model, path of its ONNX file, folder to write */
async function main([name = '', onnx = '', outFolder = '']: readonly string[]): Promise<FromCompiler> {
  const start = performance.now();
  try {
    await compileFile(onnx, { name, outFolder });
  } catch (error) {
    return { kind: 'failed', reason: errorMessage(error) };
  }
  const seconds = (performance.now() - start) / 1000;
  return { kind: 'done', seconds, peakRssBytes: process.resourceUsage().maxRSS * 1024 };
}

/** The benchmark is gone: nobody wants the module. */
function giveUp(): void {
  process.exit(1);
}

if (require.main === module) {
  process.once('disconnect', giveUp);
  void main(process.argv.slice(2)).then((answer) =>
    process.send?.(answer, () => {
      process.off('disconnect', giveUp);
      process.disconnect();
    }),
  );
}
