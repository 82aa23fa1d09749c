// Node: new enough, and the native addon fits it.

import { existsSync } from 'node:fs';
import { errorMessage } from '../../runtime/index.js';
import { type Check, ok, type Patient, problem } from './check.js';

/** As package.json's engines say. */
const versionMin: readonly [major: number, minor: number] = [20, 19];

export const nodeCheck: Check = {
  name: 'node',
  run({ nodeVersion, cpu }: Patient) {
    const [major = 0, minor = 0] = nodeVersion.split('.').map(Number);
    if (major < versionMin[0] || (major === versionMin[0] && minor < versionMin[1])) {
      const cure = 'install a newer one, as from https://deb.nodesource.com, or the .deb of onbox, which brings its own';
      return [problem(`Node ${nodeVersion}`, `onbox needs Node ${versionMin.join('.')} or newer`, cure)];
    }
    try {
      const { name, isa, cores } = cpu();
      return [ok(`Node ${nodeVersion}; the addon is loaded; ${name}, ${cores.count} cores, ${isa}`)];
    } catch (error) {
      const cure = existsSync('package.json') ? 'npm run build' : 'build or install onbox again on this machine';
      return [problem(`Node ${nodeVersion}, but the native addon cannot be used`, errorMessage(error), cure)];
    }
  },
};
