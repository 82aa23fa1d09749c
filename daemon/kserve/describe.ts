// What KServe tells of a model: metadata, Triton's configuration, statistics. Field names are theirs.

import type { TensorFacts } from '../api/types.js';
import type { Duration, ModelStatistics } from '../statistics.js';
import type { StoredModel } from '../store/store.js';
import { configTypeOf, datatypeOf } from './datatypes.js';

const platform = 'onnx_onnxv1';

export function metadataOf({ name, version, record }: StoredModel) {
  const tensor = (facts: TensorFacts) => ({ name: facts.name, datatype: datatypeOf(facts.dtype), shape: facts.shape });
  const { inputs, outputs } = record;
  return { name, versions: [String(version)], platform, inputs: inputs.map(tensor), outputs: outputs.map(tensor) };
}

/** 1 where the first axis of every tensor is the batch, 0 where a model has no batch: `dims` are then whole shapes. */
export function maxBatchOf({ record }: StoredModel): 0 | 1 {
  return [...record.inputs, ...record.outputs].every(({ shape }) => shape.length > 0 && shape[0] === 1) ? 1 : 0;
}

export function configOf(model: StoredModel) {
  const { name, record } = model;
  const batch = maxBatchOf(model);
  const tensor = (facts: TensorFacts) => ({
    name: facts.name,
    data_type: configTypeOf(facts.dtype),
    dims: facts.shape.slice(batch),
  });
  return {
    name,
    platform,
    backend: 'onbox',
    max_batch_size: batch,
    version_policy: { latest: { num_versions: 1 } },
    input: record.inputs.map((facts) => ({ ...tensor(facts), format: formatOf(facts.shape) })),
    output: record.outputs.map((facts) => ({ ...tensor(facts), label_filename: record.labels.length > 0 ? 'labels.txt' : '' })),
  };
}

/** Where the channels of a picture stand; other inputs have no format. */
function formatOf(shape: readonly number[]): string {
  if (shape.length !== 4) return 'FORMAT_NONE';
  if (shape[1] === 1 || shape[1] === 3) return 'FORMAT_NCHW';
  return shape[3] === 1 || shape[3] === 3 ? 'FORMAT_NHWC' : 'FORMAT_NONE';
}

export function statisticsOf({ name, version }: StoredModel, counted: ModelStatistics) {
  const { success, fail, queue, decode, infer, post, lastInference } = counted;
  const executions = { compute_input: print(decode), compute_infer: print(infer), compute_output: print(post) };
  const never = print({ count: 0, ms: 0 });
  return {
    name,
    version: String(version),
    last_inference: lastInference,
    inference_count: infer.count,
    execution_count: infer.count,
    inference_stats: {
      success: print(success),
      fail: print(fail),
      queue: print(queue),
      ...executions,
      cache_hit: never,
      cache_miss: never,
    },
    response_stats: {},
    batch_stats: infer.count === 0 ? [] : [{ batch_size: 1, ...executions }],
    memory_usage: [],
  };
}

/** Nanoseconds, whole. */
function print({ count, ms }: Duration): { readonly count: number; readonly ns: number } {
  return { count, ns: Math.round(ms * 1e6) };
}
