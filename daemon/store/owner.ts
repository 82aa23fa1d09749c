// Who a temporary file belongs to. Its name begins with its process, so that what a dead process left behind can be told from what a
// living one works on, also where numbers of processes come again: after a reboot, and in containers.

import { readFileSync } from 'node:fs';
import { fileErrorCode } from '../file-error.js';

/** Clock ticks by which two readings of one start may differ: under emulation they are not taken from one clock. */
const startSlackTicks = 200;

let own: string | undefined;

/** Of this process, as `PID.START.BOOT`: its number, its start in ticks since the boot, and which boot. */
export function ownerToken(): string {
  own ??= `${process.pid}.${startTicks(process.pid) ?? 0}.${bootId()}`;
  return own;
}

/**
 * True if the process that a token, or a name that begins with one, stands for still runs. What is no token has no owner.
 * A bare number, as older versions wrote it, stands for any process of that number.
 */
export function isOwnerAlive(text: string): boolean {
  const match = /^([1-9][0-9]{0,9})(?:\.([0-9]{1,20})\.([0-9a-f]{0,8}))?(?:-|$)/.exec(text);
  if (match === null) return false;
  const pid = Number(match[1]);
  if (match[3] !== undefined && match[3] !== bootId()) return false;
  if (!isAlive(pid)) return false;
  const [then, now] = [Number(match[2] ?? 0), startTicks(pid) ?? 0];
  return then === 0 || now === 0 || Math.abs(then - now) <= startSlackTicks;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, as another user.
    return fileErrorCode(error) === 'EPERM';
  }
}

/** The 22nd field of /proc/PID/stat (proc(5)); the second is a name in parentheses that may hold anything. */
function startTicks(pid: number): number | undefined {
  const text = readOrNothing(`/proc/${pid}/stat`);
  const field = text.slice(text.lastIndexOf(')') + 2).split(' ')[19];
  return field !== undefined && /^[0-9]+$/.test(field) ? Number(field) : undefined;
}

function bootId(): string {
  return readOrNothing('/proc/sys/kernel/random/boot_id').slice(0, 8);
}

function readOrNothing(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
