// Is there a server, and which? The pings need no key: clients send none with them.

import { hostname } from 'node:os';
import { Router } from 'express';
import { refuseMethod } from '../http/errors.js';
import type { Service } from '../service.js';
import { pingPaths } from './paths.js';

export function statusRoutes(service: Service): Router {
  const router = Router({ caseSensitive: true, strict: true });
  const text = service.health().version;
  const version = versionObject(text);
  const answer = { success: true, message: text, version, code: 200 };
  router
    .route([...pingPaths])
    .get((_request, response) => {
      response.json({ ...answer, hostname: hostname() });
    })
    .all(refuseMethod(['GET', 'HEAD']));
  router
    .route('/v1/status/version')
    .get((_request, response) => {
      response.json(answer);
    })
    .all(refuseMethod(['GET', 'HEAD']));
  return router;
}

/** CodeProject.AI's form of a version. */
function versionObject(text: string) {
  const [major = 0, minor = 0, patch = 0] = text.split('.').map((part) => Number.parseInt(part, 10) || 0);
  return { major, minor, patch, preRelease: null, securityUpdate: false, build: 0, file: '', releaseNotes: '' };
}
