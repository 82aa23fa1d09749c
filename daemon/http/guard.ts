// Who may ask at all: a web page in a browser may not use the visitor's onbox, neither by its origin nor by DNS rebinding,
// and off loopback a key is needed.

import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import type { RequestHandler } from 'express';
import { OnboxError } from '../../runtime/index.js';
import { bearsKeyInForm, pingPaths } from '../deepstack/paths.js';
import type { Keys } from './keys.js';

export interface GuardOptions {
  /** Host names that may stand in the Host header, besides localhost and addresses. Lower case. */
  readonly hosts: readonly string[];
  /** The keys of which requests must bear one; none is asked for if undefined. */
  readonly keys: Keys | undefined;
}

/** Routes that answer without a key: what a load balancer asks. */
const publicPaths: ReadonlySet<string> = new Set(['/v1/health', '/v2/health/live', '/v2/health/ready', ...pingPaths]);

/** Headers that a request may have. node cuts the list at its own limit without a word, so that is set one higher. */
export const headersMax = 100;

/** Refuses requests before anything of them is read. */
export function createGuard(options: GuardOptions): RequestHandler {
  return (request, _response, next) => {
    requireOwn(request, options);
    const isOpen = publicPaths.has(request.path) || bearsKeyInForm(request.method, request.path);
    if (options.keys !== undefined && !isOpen) requireKey(request, options.keys);
    next();
  };
}

/**
 * The same for a request to become a WebSocket, which may bear a ticket in its query instead of the key.
 * @throws OnboxError `headers-too-large`, `host-refused`, `origin-refused`, `key-missing`, `key-wrong`, `ticket-wrong`
 */
export function requireAccess(request: IncomingMessage, options: GuardOptions, redeem: (ticket: string) => boolean): void {
  requireOwn(request, options);
  if (options.keys === undefined) return;
  const ticket = new URLSearchParams((request.url ?? '').split('?')[1]).get('ticket');
  if (ticket === null) requireKey(request, options.keys);
  else if (!redeem(ticket)) throw new OnboxError('the ticket is used, too old or unknown', { code: 'ticket-wrong' });
}

function requireOwn(request: IncomingMessage, { hosts }: GuardOptions): void {
  requireFewHeaders(request);
  requireKnownHost(request, hosts);
  requireSameOrigin(request);
}

function requireFewHeaders(request: IncomingMessage): void {
  if (request.rawHeaders.length / 2 > headersMax) {
    throw new OnboxError(`the request has more than ${headersMax} headers`, { code: 'headers-too-large' });
  }
}

/**
 * DNS rebinding makes a foreign name point to this machine, so the Host header must be a name that is known to be ours. A
 * plain address cannot be rebound.
 */
function requireKnownHost(request: IncomingMessage, hosts: readonly string[]): void {
  const name = hostName(request.headers.host ?? '');
  if (
    name === 'localhost' ||
    name.endsWith('.localhost') ||
    isIP(name) !== 0 ||
    hosts.some((host) => host.toLowerCase() === name)
  )
    return;
  throw new OnboxError('the Host header names a machine that this is not; see --allow-host', { code: 'host-refused' });
}

function requireSameOrigin(request: IncomingMessage): void {
  const origin = request.headers.origin;
  if (origin === undefined) return;
  const own = request.headers.host ?? '';
  if (origin === `http://${own}` || origin === `https://${own}`) return;
  throw new OnboxError('requests from pages of another origin are refused', { code: 'origin-refused' });
}

function requireKey(request: IncomingMessage, keys: Keys): void {
  const header = request.headers.authorization;
  const given = /^Bearer ([^ ]+)$/i.exec(header ?? '')?.[1];
  if (given === undefined) {
    throw new OnboxError('a key is needed: send it as "Authorization: Bearer KEY"', { code: 'key-missing' });
  }
  if (!keys.accepts(given)) throw new OnboxError('the key is wrong', { code: 'key-wrong' });
}

/** The name of `name:port` or `[address]:port`, lower case; empty if it is neither. */
function hostName(host: string): string {
  const match = /^(?:\[([0-9a-fA-F:.%]+)\]|([^:[\]@/\\]+))(?::[0-9]{1,5})?$/.exec(host);
  return (match?.[1] ?? match?.[2] ?? '').toLowerCase();
}
