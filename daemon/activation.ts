// Socket activation: systemd may have opened the port already and hand it over as file descriptor 3. Where that socket is bound decides
// whether clients need a key, so it is read from the kernel, not from the configuration.

import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import { OnboxError } from '../runtime/index.js';

export interface Activated {
  readonly fd: number;
  readonly host: string;
  readonly port: number;
}

/** The first descriptor that systemd hands over (SD_LISTEN_FDS_START). */
const firstDescriptor = 3;

/**
 * The socket that this process was started with, undefined if there is none.
 * @throws OnboxError `listen-failed` if it is not one socket that listens on a TCP port
 */
export function activatedSocket(environment: NodeJS.ProcessEnv, proc = '/proc/self'): Activated | undefined {
  const count = environment['LISTEN_FDS'];
  if (count === undefined || environment['LISTEN_PID'] !== String(process.pid)) return undefined;
  if (count !== '1') throw new OnboxError(`systemd hands over ${count} sockets, onbox takes 1`, { code: 'listen-failed' });
  const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`${proc}/fd/${firstDescriptor}`))?.[1];
  // Without IPv6 there is no second table.
  for (const table of ['tcp', 'tcp6'].filter((name) => existsSync(`${proc}/net/${name}`))) {
    for (const line of readFileSync(`${proc}/net/${table}`, 'utf8').split('\n')) {
      const [, local = '', , , , , , , , own] = line.trim().split(/\s+/);
      if (inode === undefined || own !== inode) continue;
      const [address = '', port = ''] = local.split(':');
      return { fd: firstDescriptor, host: addressOf(address), port: Number.parseInt(port, 16) };
    }
  }
  throw new OnboxError('the socket of systemd is no TCP socket; ListenStream wants ADDRESS:PORT', { code: 'listen-failed' });
}

/** The kernel prints words of four bytes, each in the machine's order (little-endian on all that onbox runs on). */
function addressOf(hex: string): string {
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap((word) => [...Buffer.from(word, 'hex')].reverse());
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.slice(0, 15).every((byte) => byte === 0)) return bytes[15] === 1 ? '::1' : '::';
  const groups = Array.from({ length: 8 }, (_, i) => (((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0)).toString(16));
  return groups.join(':');
}
