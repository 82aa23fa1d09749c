// onnxruntime in a thread of its own, where jest has not replaced the typed arrays that it checks for.

const { parentPort } = require('node:worker_threads');
const { InferenceSession, Tensor } = require('onnxruntime-node');

const types = { f32: 'float32', f64: 'float64', i64: 'int64', i32: 'int32', u8: 'uint8', i8: 'int8', bool: 'bool' };
const arrays = { float32: Float32Array, int64: BigInt64Array };

/** Answers with the outputs by name, or with why there are none. */
async function run({ bytes, feeds }) {
  const session = await InferenceSession.create(bytes, { logSeverityLevel: 4, intraOpNumThreads: 1 });
  const inputs = feeds.map(({ name, dtype, shape, data }) => {
    const type = types[dtype];
    return [name, new Tensor(type, arrays[type].from(data), shape)];
  });
  const results = await session.run(Object.fromEntries(inputs));
  const outputs = Object.entries(results).map(([name, { dims, data }]) => ({ name, dims, data: Array.from(data, Number) }));
  await session.release();
  return outputs;
}

parentPort.on('message', async (request) => {
  try {
    parentPort.postMessage({ outputs: await run(request) });
  } catch (error) {
    parentPort.postMessage({ refusal: String(error.message) });
  }
});
