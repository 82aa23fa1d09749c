// The peer that heads are held against: onnxruntime-node runs the model on the very pixels that fitPicture makes.

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { onnx } from 'onnx-proto';
import type { InferenceSession } from 'onnxruntime-node';
import { halfToNumber, numberToHalf } from '../../runtime/core/float16.js';
import type { Shape, Tensor } from '../../runtime/core/tensor.js';
import type { Graph } from '../../runtime/graph/graph.js';
import type { ImageInput, Pixels } from '../../runtime/module/manifest.js';
import type { ModelFacts, NamedType } from '../../runtime/vision/heads/head.js';

export interface Peer {
  readonly facts: ModelFacts;
  /** @param pixels [h,w,3] RGB of the model's size */
  run(pixels: Pixels, image: ImageInput): Promise<ReadonlyMap<string, Tensor>>;
  close(): Promise<void>;
}

interface Metadata {
  readonly inputs: readonly InferenceSession.ValueMetadata[];
  readonly outputs: readonly InferenceSession.ValueMetadata[];
}

interface Answer {
  readonly output: string;
  readonly dims: readonly number[];
  /** Bits of halves where the model is of float16. */
  readonly data: Float32Array | Uint16Array;
}

/** @param path of an ONNX file of float32 or float16; symbolic extents become 1 */
export async function openPeer(path: string): Promise<Peer> {
  const worker = new Worker(join(__dirname, 'peer-worker.js'), { workerData: { path } });
  const [session] = (await once(worker, 'message')) as [Metadata];
  const types = (list: readonly InferenceSession.ValueMetadata[]) =>
    list.flatMap((value): NamedType[] =>
      value.isTensor
        ? [{ name: value.name, dtype: 'f32', shape: value.shape.map((extent) => (typeof extent === 'number' ? extent : 1)) }]
        : [],
    );
  const model = onnx.ModelProto.decode(readFileSync(path));
  const facts: ModelFacts = {
    inputs: types(session.inputs),
    outputs: types(session.outputs),
    metadata: new Map(model.metadataProps.map(({ key, value }) => [key ?? '', value ?? ''])),
    graph: outlineOf(model),
  };
  return {
    facts,
    run: async (pixels, image) => {
      const data = normalize(pixels, image);
      const isHalf = session.inputs.some((input) => input.isTensor && input.type === 'float16');
      worker.postMessage({
        name: image.input,
        shape: inputShape(image),
        data: isHalf ? Uint16Array.from(data, numberToHalf) : data,
      });
      const [outputs] = (await once(worker, 'message')) as [readonly Answer[]];
      return new Map(
        outputs.map(({ output, dims, data: values }): [string, Tensor] => {
          // Not instanceof: what a thread sends belongs to another realm.
          const isHalf = values.BYTES_PER_ELEMENT === 2;
          const data = isHalf ? Float32Array.from(values, halfToNumber) : (values as Float32Array);
          return [output, { dtype: 'f32', shape: dims, data }];
        }),
      );
    },
    close: async () => {
      await worker.terminate();
    },
  };
}

/** What the module's first kernel does: (pixel - mean) / std by channel, in the model's order. */
export function normalize(pixels: Pixels, image: ImageInput): Float32Array {
  const { width, height, colors, mean, std, channelsLast } = image;
  const channels = mean.length;
  const area = width * height;
  const unit = pixels instanceof Uint16Array ? 256 : 1;
  const values = new Float32Array(area * channels);
  for (let i = 0; i < area; i++) {
    const [r = 0, g = 0, b = 0] = Array.from(pixels.subarray(3 * i, 3 * i + 3), (value) => value / unit);
    const ordered = { rgb: [r, g, b], bgr: [b, g, r], gray: [0.299 * r + 0.587 * g + 0.114 * b] }[colors];
    for (let c = 0; c < channels; c++) {
      values[channelsLast ? i * channels + c : c * area + i] = ((ordered[c] ?? 0) - (mean[c] ?? 0)) / (std[c] ?? 1);
    }
  }
  return values;
}

function inputShape({ width, height, mean, channelsLast }: ImageInput): Shape {
  return channelsLast ? [1, height, width, mean.length] : [1, mean.length, height, width];
}

/** The graph's operators by name, as much as `describe` looks at. */
function outlineOf(model: onnx.ModelProto): Graph {
  const graph = model.graph;
  const kebab = (name: string) => name.replace(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase();
  return {
    inputs: [],
    outputs: (graph?.output ?? []).map(({ name }) => ({ name: name ?? '', value: name ?? '' })),
    nodes: (graph?.node ?? []).map((node) => ({
      op: kebab(node.opType ?? ''),
      inputs: node.input ?? [],
      outputs: node.output ?? [],
      attributes: {},
    })),
    types: new Map(),
    constants: new Map(),
    layouts: new Map(),
  };
}
