// The child that runs drivers of OpenCL, which may crash or hang: lists them, or tests a device. Started by opencl-probe.ts.

import { errorCode, errorMessage } from '../core/error.js';
import { listOpencl } from './native.js';
import type { FromProber, ToProber } from './opencl-messages.js';
import { selfTest } from './opencl-self-test.js';

async function answer(request: ToProber): Promise<FromProber> {
  if (request.kind === 'list') return { kind: 'platforms', platforms: listOpencl(request.libraries) };
  return { kind: 'tested', wrong: await selfTest(request.device) };
}

function send(message: FromProber): void {
  process.send?.(message, () => undefined);
}

function serve(): void {
  process.on('disconnect', () => process.exit(0));
  process.on('SIGINT', () => undefined);
  process.once('message', (request: ToProber) => {
    answer(request).then(send, (error: unknown) =>
      send({ kind: 'failed', code: errorCode(error), message: errorMessage(error) }),
    );
  });
}

if (require.main === module) serve();
