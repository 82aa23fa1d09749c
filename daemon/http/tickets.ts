// One-shot tickets: a browser cannot put a key into the head of a WebSocket, so a page that has the key asks for a ticket first, which
// is good for one connection and half a minute. A ticket that ends up in a log is worth nothing.

import { randomBytes } from 'node:crypto';
import { Router } from 'express';
import { OnboxError } from '../../runtime/index.js';
import { queries } from '../api/queries.js';
import { refuseMethod } from './errors.js';
import { readQuery } from './query.js';

const lifeMs = 30_000;
const ticketsMax = 1000;

export class Tickets {
  /** When each ends, in ms of performance.now; the oldest first. */
  private readonly ends = new Map<string, number>();

  /** @throws OnboxError `queue-full` if very many are open */
  issue(): string {
    this.sweep();
    if (this.ends.size >= ticketsMax) {
      throw new OnboxError(`${ticketsMax} tickets are open already`, { code: 'queue-full' });
    }
    const ticket = randomBytes(24).toString('base64url');
    this.ends.set(ticket, performance.now() + lifeMs);
    return ticket;
  }

  /** True once for each ticket, while it lives. */
  redeem(ticket: string): boolean {
    this.sweep();
    return this.ends.delete(ticket);
  }

  private sweep(): void {
    const now = performance.now();
    for (const [ticket, end] of this.ends) {
      if (end > now) return;
      this.ends.delete(ticket);
    }
  }
}

/** POST /v1/tickets, behind the guard. */
export function ticketRoutes(tickets: Tickets): Router {
  const router = Router({ caseSensitive: true, strict: true });
  router
    .route('/v1/tickets')
    .post((request, response) => {
      readQuery(request, queries.none);
      response.status(201).json({ ticket: tickets.issue(), expires_s: lifeMs / 1000 });
    })
    .all(refuseMethod(['POST']));
  return router;
}
