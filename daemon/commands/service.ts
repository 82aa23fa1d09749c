// onbox service install|remove|status: onbox under systemd, from the folder where it lies. The .deb does the same by itself.

import { execFile } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { errorMessage, OnboxError } from '../../runtime/index.js';
import { packageFolder } from '../root.js';
import { type Command, exitCodes, type Terminal, usageError } from './command.js';

const unit = 'onbox.service';

/** Files of systemd/, and where they go. */
const installed: readonly (readonly [file: string, path: string])[] = [
  ['onbox.service', '/etc/systemd/system/onbox.service'],
  ['onbox.socket', '/etc/systemd/system/onbox.socket'],
  ['onbox.sysusers', '/etc/sysusers.d/onbox.conf'],
  ['onbox.tmpfiles', '/etc/tmpfiles.d/onbox.conf'],
  ['onbox.rules', '/etc/udev/rules.d/60-onbox.rules'],
];
const backoff = ['onbox-backoff.conf', '/etc/systemd/system/onbox.service.d/backoff.conf'] as const;
/** The first systemd that knows growing pauses between restarts. */
const backoffVersionMin = 254;

export const service: Command = {
  name: 'service',
  summary: 'onbox under systemd: install, remove or status',
  positionals: ['ACTION'],
  flags: { root: { type: 'string', value: 'FOLDER', help: 'the root of another system: files only, nothing is started' } },
  async run(args, terminal) {
    const action = args.positional(0);
    const root = args.text('root');
    if (action === 'status') return await status(terminal);
    if (action !== 'install' && action !== 'remove') throw usageError('onbox service: install, remove or status');
    if (root === undefined && process.getuid?.() !== 0) {
      throw new OnboxError(`only root may ${action} the service: sudo onbox service ${action}`, { code: 'service-failed' });
    }
    await (action === 'install' ? install(root, terminal) : remove(root, terminal));
    return exitCodes.ok;
  },
};

async function install(root: string | undefined, terminal: Terminal): Promise<void> {
  const folder = packageFolder();
  // The unit has ProtectHome=yes and a /tmp of its own.
  if (/^\/(home|root|tmp|var\/tmp|run\/user)\//.test(`${folder}/`) && root === undefined) {
    const cure = `sudo cp -a ${folder} /opt/onbox && sudo /opt/onbox/dist/daemon/main.js service install`;
    throw new OnboxError(`the service cannot see ${folder}; move onbox out of there: ${cure}`, { code: 'service-failed' });
  }
  const files = (await systemdVersion()) >= backoffVersionMin ? [...installed, backoff] : installed;
  for (const [file, path] of files) {
    const text = await readFile(join(folder, 'systemd', file), 'utf8');
    const target = join(root ?? '/', path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, file === unit ? text.replace('/usr/bin/onbox', onboxCommand(folder)) : text, { mode: 0o644 });
    terminal.err(`onbox: wrote ${target}\n`);
  }
  if (root !== undefined) return;
  await system('systemd-sysusers', '/etc/sysusers.d/onbox.conf');
  await system('systemd-tmpfiles', '--create', '/etc/tmpfiles.d/onbox.conf');
  await system('udevadm', 'control', '--reload').catch(() => undefined);
  await system('udevadm', 'trigger', '--action=change').catch(() => undefined);
  await system('systemctl', 'daemon-reload');
  await system('systemctl', 'enable', unit);
  await system('systemctl', 'restart', '--no-block', unit);
  terminal.out('onbox starts with this machine, and starts now: onbox service status\n');
}

/** For ExecStart, where blanks and percent signs mean something. */
function onboxCommand(folder: string): string {
  return [process.execPath, join(folder, 'dist', 'daemon', 'main.js')]
    .map((path) => `"${path.replaceAll('%', '%%').replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`)
    .join(' ');
}

/** Models and keys stay in /var/lib/onbox. */
async function remove(root: string | undefined, terminal: Terminal): Promise<void> {
  if (root === undefined) await system('systemctl', 'disable', '--now', unit, 'onbox.socket').catch(() => undefined);
  for (const [, path] of [...installed, backoff]) await rm(join(root ?? '/', path), { force: true });
  if (root !== undefined) return;
  await system('systemctl', 'daemon-reload');
  terminal.out('onbox is no service any more; models and keys stay in /var/lib/onbox\n');
}

async function status(terminal: Terminal): Promise<number> {
  const names = 'LoadState,ActiveState,SubState,UnitFileState,MainPID,NRestarts,MemoryCurrent,ActiveEnterTimestamp';
  const told = await system('systemctl', 'show', unit, `--property=${names}`);
  const facts = new Map(
    told
      .trim()
      .split('\n')
      .map((line) => line.split('=', 2) as [string, string]),
  );
  terminal.out(told);
  return facts.get('ActiveState') === 'active' ? exitCodes.ok : exitCodes.failure;
}

async function systemdVersion(): Promise<number> {
  const told = await system('systemctl', '--version').catch(() => '');
  return Number(/^systemd (\d+)/.exec(told)?.[1] ?? 0);
}

/** @throws OnboxError `service-failed` with the program's words */
async function system(program: string, ...args: readonly string[]): Promise<string> {
  try {
    return (await promisify(execFile)(program, args)).stdout;
  } catch (cause) {
    throw new OnboxError(`${program} ${args.join(' ')} failed: ${errorMessage(cause)}`, { code: 'service-failed', cause });
  }
}
