// Runs onnxruntime-node in a thread of its own: under jest, typed arrays that native code makes belong to another realm, and
// onnxruntime refuses them.

const { parentPort, workerData } = require('node:worker_threads');
const { InferenceSession, Tensor } = require('onnxruntime-node');

async function main() {
  const session = await InferenceSession.create(workerData.path, { intraOpNumThreads: 1, logSeverityLevel: 3 });
  parentPort.on('message', async ({ name, shape, data }) => {
    const outputs = await session.run({ [name]: new Tensor(data instanceof Uint16Array ? 'float16' : 'float32', data, shape) });
    parentPort.postMessage(Object.entries(outputs).map(([output, { dims, data: values }]) => ({ output, dims, data: values })));
  });
  parentPort.postMessage({ inputs: session.inputMetadata, outputs: session.outputMetadata });
}

// A rejection ends the thread, and its 'error' fails the test that waits.
void main();
