// The clock: boards without a battery start in the past, where certificates are not valid yet and logs are out of order.

import { type Check, ok, type Patient, problem, warning } from './check.js';

export const timeCheck: Check = {
  name: 'time',
  run({ files, home, now }: Patient) {
    const summary = now.toISOString().replace(/\.\d+Z$/, 'Z');
    const newest = Math.max(
      0,
      ...[`${home}/models`, `${home}/key`, '/etc/machine-id', '/var/lib/dpkg/status'].map(
        (path) => files.stat(path)?.mtimeMs ?? 0,
      ),
    );
    const cure = 'sudo timedatectl set-ntp true, or set it: sudo date -s "2030-01-01 12:00"';
    if (now.getTime() < newest - 60_000) {
      const why = `files of this machine are from ${new Date(newest).toISOString().replace(/\.\d+Z$/, 'Z')}, which is later`;
      return [problem(`the clock shows ${summary}`, why, cure)];
    }
    const isSystemd = files.has('/run/systemd/system');
    const isSynchronised =
      files.has('/run/systemd/timesync/synchronized') || files.has('/run/chrony') || files.has('/run/ntpd.pid');
    if (isSystemd && !isSynchronised && files.list('/sys/class/rtc', /^rtc\d+$/).length === 0) {
      const why = 'nothing sets the clock, and the board has none that runs without power: after the next start it is wrong';
      return [warning(summary, why, cure)];
    }
    return [ok(summary)];
  },
};
