// The watchdog: systemd restarts the service unless it hears, in time, that a request went through. That is either an answer to a client
// since the last word, or, when nobody asks, a piece of work of our own that went through queue, engine and device.

import { errorCode, errorMessage } from '../runtime/index.js';
import type { Log } from './log.js';

export interface WatchedService {
  /** When a client was last answered, on the clock of performance.now(); 0 if never. */
  lastAnswerAt(): number;
  /** Sends work through queue, engine and device. Rejects if it does not come back. */
  probe(): Promise<unknown>;
}

/** So many chances to be heard in time. */
const wordsPerTimeout = 3;

/**
 * Calls `alive` as long as requests go through.
 * @param timeoutMs after which systemd acts
 * @returns ends the watch
 */
export function watch(service: WatchedService, timeoutMs: number, alive: () => void, log: Log): () => void {
  let lastLook = performance.now();
  let isAsking = false;
  const look = async (): Promise<void> => {
    const since = lastLook;
    lastLook = performance.now();
    if (service.lastAnswerAt() > since) return alive();
    if (isAsking) return;
    isAsking = true;
    try {
      await service.probe();
      alive();
    } catch (error) {
      log('watchdog-silent', { code: errorCode(error), reason: errorMessage(error) });
    } finally {
      isAsking = false;
    }
  };
  alive();
  const timer = setInterval(() => void look(), timeoutMs / wordsPerTimeout).unref();
  return () => clearInterval(timer);
}
