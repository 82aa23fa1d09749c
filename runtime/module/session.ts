// A loaded module: tensors or a picture in, views of the arena out.

import type { NativeSession, NpuState } from '../../addon/index.js';
import { errorCode, errorMessage, OnboxError } from '../core/error.js';
import { dtypeBytes, elementCount, printType, sameShape, type Tensor, viewBytes } from '../core/tensor.js';
import { describeCpu } from '../device/cpu.js';
import { firstOf } from '../graph/open.js';
import { pixelTypesOf } from './image.js';
import type { Manifest, ModuleInput, Pixels, Runnable } from './manifest.js';
import { startNative } from './native.js';
import { readModule } from './read.js';

export interface OpenOptions {
  /** As many as the machine has cores where it is absent. */
  readonly threads?: number;
  /** Told how many bytes of memory the module will take, before it takes them; what it throws keeps the module from being opened. */
  readonly admit?: (bytes: number) => Promise<void>;
}

const tensorPlan = 0;

/** One run at a time. Outputs are views of the arena, valid until the next run. */
export class Session<M extends Runnable = Manifest> {
  readonly manifest: M;
  readonly threads: number;
  private readonly native: NativeSession;

  constructor(manifest: M, native: NativeSession, threads: number) {
    this.manifest = manifest;
    this.native = native;
    this.threads = threads;
  }

  /**
   * @param inputs by name, all of them
   * @throws OnboxError `input-missing`, `input-mismatch`
   */
  async runTensors(inputs: ReadonlyMap<string, Tensor>): Promise<ReadonlyMap<string, Tensor>> {
    await this.native.run(tensorPlan, this.tensorBytes(inputs));
    return this.outputs();
  }

  /**
   * @param pixels RGB of the size of `manifest.image`, in a type of `pixelTypesOf`
   * @throws OnboxError `input-mismatch` if they are of another size or the model takes no picture
   */
  async runPixels(pixels: Pixels): Promise<ReadonlyMap<string, Tensor>> {
    await this.native.run(...this.pixelPlan(pixels));
    return this.outputs();
  }

  /** Nanoseconds of each launch of one run. */
  async profileTensors(inputs: ReadonlyMap<string, Tensor>): Promise<Float64Array> {
    return await this.native.profile(tensorPlan, this.tensorBytes(inputs));
  }

  /** As `profileTensors`, from a picture. */
  async profilePixels(pixels: Pixels): Promise<Float64Array> {
    return await this.native.profile(...this.pixelPlan(pixels));
  }

  /** A view of a value of the arena. */
  view(offset: number, type: Pick<Tensor, 'dtype' | 'shape'>): Tensor {
    const bytes = this.native.view(offset, elementCount(type.shape) * dtypeBytes(type.dtype));
    return { dtype: type.dtype, shape: type.shape, data: viewBytes(type.dtype, bytes) };
  }

  /** How the regions on the NPU do; nothing where the module has none. */
  npu(): readonly NpuState[] {
    return this.native.npu();
  }

  /** Unmaps the module. Outputs of earlier runs must not be read afterwards. */
  close(): void {
    this.native.close();
  }

  private outputs(): ReadonlyMap<string, Tensor> {
    return new Map(
      this.manifest.outputs.map(({ name, offset, open, ...type }) => {
        const whole = this.view(offset, type);
        if (open === undefined) return [name, whole];
        const count = this.view(open.offset, { dtype: 'i64', shape: [1] });
        return [name, firstOf(whole, open.axis, Number(count.data[0]))];
      }),
    );
  }

  private tensorBytes(inputs: ReadonlyMap<string, Tensor>): Uint8Array[] {
    return this.manifest.inputs.map((wanted) => {
      const tensor = inputs.get(wanted.name);
      if (tensor === undefined)
        throw new OnboxError(`input ${JSON.stringify(wanted.name)} is missing; it wants ${printType(wanted)}`, {
          code: 'input-missing',
        });
      if (tensor.dtype !== wanted.dtype || !sameShape(tensor.shape, wanted.shape)) throw mismatch(wanted, printType(tensor));
      return new Uint8Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength);
    });
  }

  private pixelPlan(pixels: Pixels): [plan: number, inputs: (Uint8Array | undefined)[]] {
    const { image, inputs } = this.manifest;
    if (image === undefined) throw new OnboxError('the model takes no picture', { code: 'input-mismatch' });
    const types = pixelTypesOf(image);
    const number = types.indexOf(pixels instanceof Uint16Array ? 'u16' : 'u8');
    if (number < 0)
      throw new OnboxError(`the model takes pixels of ${types.join(' or ')}, got u16`, { code: 'input-mismatch' });
    const want = image.width * image.height * 3;
    if (pixels.length !== want) {
      throw new OnboxError(
        `a picture of ${image.width} x ${image.height} RGB pixels has ${want} values, got ${pixels.length}`,
        {
          code: 'input-mismatch',
        },
      );
    }
    const absent = Array.from({ length: inputs.length + number }, () => undefined);
    return [tensorPlan + 1 + number, [...absent, new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.byteLength)]];
  }
}

function mismatch(wanted: ModuleInput, got: string): OnboxError {
  return new OnboxError(`input ${JSON.stringify(wanted.name)} wants ${printType(wanted)}, got ${got}`, {
    code: 'input-mismatch',
  });
}

/**
 * Opens a module folder after checking its files and that it was made for this machine.
 * @throws OnboxError `module-damaged`, `module-stale`, `module-foreign`
 */
export async function openSession(folder: string, options: OpenOptions = {}): Promise<Session> {
  const device = describeCpu();
  const manifest = await readModule(folder, device.fingerprint);
  await options.admit?.(manifest.weightBytes + manifest.arenaBytes);
  try {
    return startSession(folder, manifest, options.threads ?? device.cores.count);
  } catch (cause) {
    const code = codeOfFault[errorCode(cause)];
    if (code === undefined) throw cause;
    throw new OnboxError(`the module cannot be opened: ${errorMessage(cause)}`, { code, cause });
  }
}

/** What the addon finds wrong with a module, in the words of those who rebuild modules. */
const codeOfFault: Readonly<Record<string, string>> = {
  'module-open': 'module-damaged',
  'module-plan': 'module-damaged',
  'weights-open': 'module-damaged',
  'module-abi': 'module-stale',
  // The driver is that of the manifest and has compiled this once: its answer has changed with something that it does not tell.
  'opencl-build': 'module-stale',
};

/**
 * Opens a module whose files and numbers are known to be good.
 * @throws OnboxError `module-foreign` if it is for an OpenCL device or driver that is not here, and those of the addon
 */
export function startSession<M extends Runnable>(folder: string, manifest: M, threads: number): Session<M> {
  return new Session(manifest, startNative(folder, manifest, threads), threads);
}
