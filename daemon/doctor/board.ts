// Which board this is: by its device tree on Arm, by its firmware's tables on a PC.

import { type Check, note, ok, type Patient } from './check.js';
import type { Files } from './files.js';

export interface Board {
  /** As its maker calls it. */
  readonly name: string;
  /** `rk3588`, of the list of what the board is compatible with; empty where that is not told. */
  readonly soc: string;
  readonly accelerators: Accelerators | undefined;
}

interface Accelerators {
  readonly gpu: string;
  /** By which road its NPU is reached: `rknn` in the chip, `rknn1` a chip of its own on a link. */
  readonly npu: 'rknn' | 'rknn1' | undefined;
}

/** The chips that onbox knows; the longer names before those that they begin with. */
const chips: readonly (readonly [soc: string, accelerators: Accelerators])[] = [
  ['rk3399pro', { gpu: 'Mali-T860', npu: 'rknn1' }],
  ['rk3399', { gpu: 'Mali-T860', npu: undefined }],
  ['rk3588s', { gpu: 'Mali-G610', npu: 'rknn' }],
  ['rk3588', { gpu: 'Mali-G610', npu: 'rknn' }],
  ['rk3576', { gpu: 'Mali-G52', npu: 'rknn' }],
  ['rk3568', { gpu: 'Mali-G52', npu: 'rknn' }],
  ['rk3566', { gpu: 'Mali-G52', npu: 'rknn' }],
];

/** Vendor trees put the device tree in either place. */
const trees = ['/proc/device-tree', '/sys/firmware/devicetree/base'];

export function describeBoard(files: Files): Board {
  const model = trees.map((tree) => files.text(`${tree}/model`)).find((text) => text !== '');
  const compatible = trees.map((tree) => files.strings(`${tree}/compatible`)).find((list) => list.length > 0) ?? [];
  const parts = compatible.map((text) => text.trim().split(',').at(-1) ?? '');
  const known = chips.find(([soc]) => parts.includes(soc));
  const dmi = ['sys_vendor', 'product_name']
    .map((name) => files.text(`/sys/class/dmi/id/${name}`))
    .filter((text) => text !== '');
  return {
    name: model ?? (dmi.length > 0 ? dmi.join(' ') : 'unknown machine'),
    soc: known?.[0] ?? parts.at(-1) ?? '',
    accelerators: known?.[1],
  };
}

export const boardCheck: Check = {
  name: 'board',
  run({ board, files, arch }: Patient) {
    const kernel = files.text('/proc/sys/kernel/osrelease') || 'unknown';
    const summary = `${board.name}${board.soc === '' ? '' : ` (${board.soc})`}, ${arch}, Linux ${kernel}`;
    if (arch !== 'arm64' || board.soc !== '') return [ok(summary)];
    const why = 'the kernel shows no device tree, so GPU and NPU are looked for by their drivers alone';
    return [note(summary, why, 'in a container, mount /proc/device-tree read-only')];
  },
};
