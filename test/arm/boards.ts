// The boards that onbox exists for, as this machine can stand in for them: their description, which chooses code and flags, and the
// core that the emulator plays. Faster cores of a board run what its slower ones do, so one kind is enough.

import { type CpuDevice, describeCpu } from '../../runtime/device/cpu.js';
import { fakeRk3328, fakeRk3399, fakeRk3568, fakeRk3588, rk3399Hwcap, rk3588Hwcap } from '../device/boards.js';

export interface ArmBoard {
  readonly name: string;
  readonly device: CpuDevice;
  /** For `-cpu` of the emulator: it stops at instructions that this core lacks. */
  readonly core: string;
}

export function armBoards(): readonly ArmBoard[] {
  return [
    { name: 'RK3399', core: 'cortex-a72', device: describe(fakeRk3399, rk3399Hwcap) },
    { name: 'RK3588', core: 'cortex-a76', device: describe(fakeRk3588, rk3588Hwcap) },
  ];
}

/** Boards of small cores alone. The emulator knows no Cortex-A55, which has the instructions of Cortex-A76. */
export function smallBoards(): readonly ArmBoard[] {
  return [
    { name: 'RK3328', core: 'cortex-a53', device: describe(fakeRk3328, rk3399Hwcap) },
    { name: 'RK3568', core: 'cortex-a76', device: describe(fakeRk3568, rk3588Hwcap) },
  ];
}

function describe(fake: typeof fakeRk3399, hwcap: number): CpuDevice {
  const board = fake();
  try {
    return describeCpu({ root: board.root, arch: 'arm64', hwcap: () => ({ hwcap, hwcap2: 0 }), isa: undefined });
  } finally {
    board.remove();
  }
}
