// The service: installed, running, and whether systemd has had to start it again and again.

import { type Check, note, ok, type Patient, problem, warning } from './check.js';

const unit = 'onbox.service';
const unitFolders = ['/etc/systemd/system', '/usr/lib/systemd/system', '/lib/systemd/system'];
/** So many restarts since the boot are no accident. */
const restartsMax = 3;

export const serviceCheck: Check = {
  name: 'service',
  async run({ files, run }: Patient) {
    if (!files.has('/run/systemd/system')) return [ok('no systemd here')];
    if (!unitFolders.some((folder) => files.has(`${folder}/${unit}`))) {
      return [note('onbox is not installed as a service', 'it does not start with the machine', 'sudo onbox service install')];
    }
    const told = (await run('systemctl', 'show', unit, '--property=ActiveState,SubState,Result,NRestarts,UnitFileState')) ?? '';
    const facts = new Map(told.split('\n').map((line) => line.split('=', 2) as [string, string]));
    const state = facts.get('ActiveState') ?? 'unknown';
    const summary = `${unit} is ${state} (${facts.get('SubState') ?? 'unknown'})`;
    const log = 'journalctl -u onbox -b --no-pager | tail -50';
    if (state === 'failed') return [problem(summary, `it ended with ${facts.get('Result')}`, log)];
    const restarts = Number(facts.get('NRestarts') ?? 0);
    if (restarts > restartsMax)
      return [warning(`${summary}, started again ${restarts} times`, 'it ends by itself or is ended by its watchdog', log)];
    if (state === 'inactive') return [note(summary, 'it does not run', 'sudo systemctl enable --now onbox')];
    if (facts.get('UnitFileState') === 'disabled')
      return [note(summary, 'it does not start with the machine', 'sudo systemctl enable onbox')];
    return [ok(summary)];
  },
};
