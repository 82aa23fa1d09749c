// What systemd hears and hands over: datagrams on a real socket, received by Python, and a socket that was opened by another process.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { activatedSocket } from '../../daemon/activation.js';
import { createNotifier } from '../../daemon/notify.js';
import { watch } from '../../daemon/watchdog.js';
import { OnboxError } from '../../runtime/index.js';

const receiver = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1].replace('@', '\\0', 1) if sys.argv[1].startswith('@') else sys.argv[1])
print('bound', flush=True)
while True: print(s.recv(4096).decode(), flush=True)
`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'onbox-notify-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Lines of the receiver, as a promise for each. */
function linesOf(child: ChildProcess): () => Promise<string> {
  const lines: string[] = [];
  let rest = '';
  let wake = (): void => undefined;
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n');
    rest = parts.pop() ?? '';
    lines.push(...parts);
    wake();
  });
  return async () => {
    while (lines.length === 0) await new Promise<void>((resolve) => (wake = resolve));
    return lines.shift() ?? '';
  };
}

test.each(['a path', 'an abstract name'])('each word arrives as one datagram at %s', async (kind) => {
  const socket = kind === 'a path' ? join(folder, 'notify') : `@${folder}`;
  const child = spawn('python3', ['-c', receiver, socket], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const next = linesOf(child);
    expect(await next()).toBe('bound');
    const { tell, close, watchdogMs } = createNotifier({ NOTIFY_SOCKET: socket, WATCHDOG_USEC: '3000000' }, () => undefined);
    expect(watchdogMs).toBe(3000);
    tell('READY=1');
    tell('STATUS=two\nlines');
    expect([await next(), await next()]).toEqual(['READY=1', 'STATUS=two lines']);
    close();
  } finally {
    child.kill();
  }
});

test('without systemd nothing is told, and the watchdog of another process is not ours', () => {
  expect(createNotifier({}, () => undefined).watchdogMs).toBeUndefined();
  const environment = { NOTIFY_SOCKET: '@onbox-nobody', WATCHDOG_USEC: '3000000', WATCHDOG_PID: '1' };
  const { watchdogMs, close } = createNotifier(environment, () => undefined);
  close();
  expect(watchdogMs).toBeUndefined();
});

describe('the watchdog', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  test('hears of answers to clients, of probes when nobody asks, and nothing while neither goes through', async () => {
    let answeredAt = 0;
    let isStuck = false;
    let alive = 0;
    const complaints: string[] = [];
    const probe = jest.fn(async () => {
      if (isStuck) throw new OnboxError('no answer', { code: 'deadline-exceeded' });
    });
    const end = watch(
      { lastAnswerAt: () => answeredAt, probe },
      3000,
      () => alive++,
      (event) => complaints.push(event),
    );
    expect(alive).toBe(1);
    await jest.advanceTimersByTimeAsync(1000);
    expect([alive, probe.mock.calls.length]).toEqual([2, 1]);
    answeredAt = performance.now() + 1;
    await jest.advanceTimersByTimeAsync(1000);
    expect([alive, probe.mock.calls.length]).toEqual([3, 1]);
    isStuck = true;
    await jest.advanceTimersByTimeAsync(5000);
    expect(alive).toBe(3);
    expect(complaints).toContain('watchdog-silent');
    end();
  });
});

describe('a socket of systemd', () => {
  function proc(table: string, line: string): string {
    mkdirSync(join(folder, 'fd'));
    mkdirSync(join(folder, 'net'));
    symlinkSync('socket:[4242]', join(folder, 'fd/3'));
    writeFileSync(join(folder, 'net/tcp'), 'sl local_address\n');
    writeFileSync(join(folder, 'net', table), `sl local_address\n${line}\n`);
    return folder;
  }
  const environment = { LISTEN_FDS: '1', LISTEN_PID: String(process.pid) };
  const row = (local: string) => `   0: ${local} 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4242 1`;

  test.each([
    ['tcp', '0100007F:20E4', '127.0.0.1'],
    ['tcp', '00000000:20E4', '0.0.0.0'],
    ['tcp6', '00000000000000000000000001000000:20E4', '::1'],
    ['tcp6', '00000000000000000000000000000000:20E4', '::'],
    ['tcp6', '000080FE000000000000000001000000:20E4', 'fe80:0:0:0:0:0:0:1'],
  ])('in %s at %s is bound to %s', (table, local, host) => {
    expect(activatedSocket(environment, proc(table, row(local)))).toEqual({ fd: 3, host, port: 8420 });
  });

  test('that is no TCP socket, or one of several, is refused', () => {
    expect(() => activatedSocket(environment, proc('tcp', ''))).toThrow('no TCP socket');
    expect(() => activatedSocket({ ...environment, LISTEN_FDS: '2' })).toThrow('hands over 2 sockets');
  });

  test('of another process is left alone', () => {
    expect(activatedSocket({ ...environment, LISTEN_PID: '1' })).toBeUndefined();
    expect(activatedSocket({})).toBeUndefined();
  });
});
