// A real sshd on loopback with keys of its own, an onbox on its PATH, and a wire that a test can cut.

import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, connect as dial, type Socket } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { registerFlags, until } from './server.js';

const sshd = '/usr/sbin/sshd';

/** True where the tests of ssh can run. */
export const hasSshd = existsSync(sshd) && existsSync('/usr/bin/ssh') && existsSync('/usr/bin/ssh-keygen');

export interface Box {
  /** ONBOX_HOME on the box. */
  readonly home: string;
  /** The environment of the desk: its `ssh` knows the box as `box`. */
  readonly environment: NodeJS.ProcessEnv;
  readonly wire: Wire;
  readonly knownHosts: string;
  stop(): Promise<void>;
}

export async function startBox(folder: string): Promise<Box> {
  const [home, bin, desk] = ['home', 'bin', 'desk'].map((name) => join(folder, name)) as [string, string, string];
  for (const each of [home, bin, desk]) mkdirSync(each);
  for (const key of ['host', 'user']) {
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, key)]);
  }
  const main = join(__dirname, '..', '..', '..', 'daemon', 'main.ts');
  script(join(bin, 'onbox'), `exec ${process.execPath} ${registerFlags.join(' ')} ${main} "$@"`);
  // Root's sshd wants a folder to confine its children to.
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true });
  const port = await freePort();
  writeFileSync(
    join(folder, 'sshd_config'),
    [
      `Port ${port}`,
      'ListenAddress 127.0.0.1',
      `HostKey ${join(folder, 'host')}`,
      `AuthorizedKeysFile ${join(folder, 'user.pub')}`,
      'StrictModes no',
      'UsePAM no',
      'PermitRootLogin yes',
      'PasswordAuthentication no',
      'PidFile none',
      `SetEnv PATH=${bin}:/usr/bin:/bin ONBOX_HOME=${home}`,
      '',
    ].join('\n'),
  );
  const child = spawn(sshd, ['-D', '-e', '-f', join(folder, 'sshd_config')], { stdio: ['ignore', 'ignore', 'pipe'] });
  let words = '';
  child.stderr.on('data', (text: Buffer) => {
    words += text.toString();
  });
  await until(() => words.includes('Server listening'));
  const wire = await Wire.open(port);
  const knownHosts = join(folder, 'known_hosts');
  trust(knownHosts, wire.port, join(folder, 'host.pub'));
  writeFileSync(
    join(folder, 'ssh_config'),
    [
      'Host box',
      '  HostName 127.0.0.1',
      `  Port ${wire.port}`,
      `  User ${userInfo().username}`,
      `  IdentityFile ${join(folder, 'user')}`,
      '  IdentitiesOnly yes',
      `  UserKnownHostsFile ${knownHosts}`,
      '  StrictHostKeyChecking yes',
      '  BatchMode yes',
      '',
    ].join('\n'),
  );
  script(join(desk, 'ssh'), `exec /usr/bin/ssh -F ${join(folder, 'ssh_config')} "$@"`);
  return {
    home,
    wire,
    knownHosts,
    environment: { ...process.env, PATH: `${desk}:${process.env['PATH']}`, ONBOX_HOME: desk },
    async stop() {
      child.kill('SIGTERM');
      await wire.close();
    },
  };
}

/** Writes the file of known hosts anew, with one key. */
export function trust(knownHosts: string, port: number, publicKey: string): void {
  const [type, key] = readFileSync(publicKey, 'utf8').split(' ');
  writeFileSync(knownHosts, `[127.0.0.1]:${port} ${type} ${key}\n`);
}

/** Passes bytes on between the desk and the box. */
export class Wire {
  /** Bytes that the desk has sent. */
  sent = 0;
  /** The next connection breaks when the desk has sent so many bytes. */
  cutAfter = Number.POSITIVE_INFINITY;
  readonly port: number;
  private readonly sockets = new Set<Socket>();
  private readonly server: ReturnType<typeof createServer>;

  static async open(target: number): Promise<Wire> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new Wire(server, target);
  }

  private constructor(server: ReturnType<typeof createServer>, target: number) {
    this.server = server;
    this.port = (server.address() as { port: number }).port;
    server.on('connection', (desk) => this.join(desk, dial(target, '127.0.0.1')));
  }

  /** Breaks every connection. */
  cut(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private join(desk: Socket, box: Socket): void {
    let bytes = 0;
    for (const [from, to] of [
      [desk, box],
      [box, desk],
    ] as const) {
      this.sockets.add(from);
      from
        .on('error', () => undefined)
        .on('close', () => {
          this.sockets.delete(from);
          to.destroy();
        });
      from.on('data', (piece) => {
        if (from === desk) {
          this.sent += piece.length;
          bytes += piece.length;
        }
        if (bytes > this.cutAfter) {
          this.cutAfter = Number.POSITIVE_INFINITY;
          desk.destroy();
          box.destroy();
        } else to.write(piece);
      });
    }
  }
}

function script(path: string, command: string): void {
  writeFileSync(path, `#!/bin/sh\n${command}\n`);
  chmodSync(path, 0o755);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
