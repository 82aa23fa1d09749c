// onbox run MODEL --inputs FOLDER --outputs FOLDER: tensors through a model, as ONNX TensorProto files, so that anyone can compare.

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OnboxError, printType, readTensor, type Tensor, widenTensor, writeTensor } from '../../runtime/index.js';
import { type Command, exitCodes, usageError } from './command.js';
import { compileFlags, compileOptionsOf, jsonFlag, threadsFlag } from './flags.js';
import { readInputFile } from './input.js';
import { openTarget, type Target } from './target.js';

export const run: Command = {
  name: 'run',
  summary: 'run tensors through a model: input_0.pb … in, output_0.pb … out',
  positionals: ['MODEL.onnx|NAME'],
  flags: {
    inputs: { type: 'string', value: 'FOLDER', help: 'folder of input_0.pb, input_1.pb, … (ONNX TensorProto)' },
    outputs: { type: 'string', value: 'FOLDER', help: 'folder for output_0.pb, output_1.pb, …' },
    ...compileFlags,
    threads: threadsFlag,
    json: jsonFlag,
  },
  async run(args, terminal) {
    const inputs = args.text('inputs');
    const outputs = args.text('outputs');
    if (inputs === undefined || outputs === undefined) throw usageError('run: --inputs FOLDER and --outputs FOLDER are needed');
    const target = await openTarget(args.positional(0), undefined, await compileOptionsOf(args), terminal);
    try {
      const written = await runTensors(target, inputs, outputs);
      const report = written.map(({ file, name, tensor }) => ({ file, name, dtype: tensor.dtype, shape: tensor.shape }));
      if (args.has('json')) terminal.out(`${JSON.stringify({ model: target.name, outputs: report })}\n`);
      else for (const { file, name, tensor } of written) terminal.out(`${file} ${JSON.stringify(name)} ${printType(tensor)}\n`);
    } finally {
      await target.close();
    }
    return exitCodes.ok;
  },
};

interface Written {
  readonly file: string;
  readonly name: string;
  readonly tensor: Tensor;
}

/** Files are numbered in the order of the model's inputs and outputs. */
async function runTensors(target: Target, inputFolder: string, outputFolder: string): Promise<Written[]> {
  const { session } = target.model;
  const inputs = new Map<string, Tensor>();
  for (const [index, input] of session.manifest.inputs.entries()) {
    const tensor = readTensor(await readInputFile(join(inputFolder, `input_${index}.pb`)));
    // Models of float16 are computed in float32, and take what they say they take.
    inputs.set(input.name, input.dtype === 'f32' ? widenTensor(tensor) : tensor);
  }
  const results = await session.runTensors(inputs);
  await mkdir(outputFolder, { recursive: true });
  const written: Written[] = [];
  for (const [index, { name }] of session.manifest.outputs.entries()) {
    const tensor = results.get(name);
    if (tensor === undefined)
      throw new OnboxError(`the model gave no output ${JSON.stringify(name)}`, { code: 'output-missing' });
    const file = join(outputFolder, `output_${index}.pb`);
    await writeFile(file, writeTensor(tensor, name));
    written.push({ file, name, tensor });
  }
  return written;
}
