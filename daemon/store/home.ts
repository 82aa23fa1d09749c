// Where onbox keeps its state.

import { homedir, userInfo } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';

/** The user that systemd/onbox.service runs as. */
const serviceUser = 'onbox';
const serviceHome = '/var/lib/onbox';

/**
 * The folder of models and keys: `$ONBOX_HOME`, else /var/lib/onbox for the service user, else `onbox` in the XDG data
 * directory, else /var/lib/onbox where the user has no home.
 */
export function homeFolder(environment: NodeJS.ProcessEnv = process.env, user: string = userName()): string {
  const chosen = environment['ONBOX_HOME'];
  if (chosen !== undefined && chosen !== '') return resolve(chosen);
  if (user === serviceUser) return serviceHome;
  const data = environment['XDG_DATA_HOME'];
  // The XDG specification says that relative paths are to be ignored.
  if (data !== undefined && isAbsolute(data)) return join(data, 'onbox');
  const home = environment['HOME'] ?? homedir();
  return isAbsolute(home) && home !== '/' && home !== '/nonexistent' ? join(home, '.local', 'share', 'onbox') : serviceHome;
}

/** What was measured on this machine, for the models of all names. */
export function recordsPath(home: string): string {
  return join(home, 'records.jsonl');
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run as a number that has no entry in /etc/passwd.
    return '';
  }
}
