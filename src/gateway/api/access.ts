import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';

/** The subprotocol that we speak; beside it a client may offer its token as another. */
export const SUBPROTOCOL = 'market-feed';
const TOKEN_PROTOCOL = 'token.';

/** Compares in a time that tells nothing of where the two differ. */
export function sameToken(given: string, wanted: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(wanted));
}

/** The bearer token of a request; browsers cannot set headers on a WebSocket, so it may also be in the query or a subprotocol. */
export function tokenOf(request: FastifyRequest): string | undefined {
  const [scheme = '', token] = (request.headers.authorization ?? '').split(' ', 2);
  if (scheme.toLowerCase() === 'bearer') return token;
  if (!isUpgrade(request)) return undefined;
  const protocols = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
  const offered = protocols.find((name) => name.startsWith(TOKEN_PROTOCOL));
  if (offered !== undefined) return offered.slice(TOKEN_PROTOCOL.length);
  const { token: asked }: { readonly token?: unknown } = Object(request.query);
  return typeof asked === 'string' ? asked : undefined;
}

/** What to answer a WebSocket that offers subprotocols: ours, never the token back. */
export function chooseSubprotocol(offered: ReadonlySet<string>): string | false {
  if (offered.has(SUBPROTOCOL)) return SUBPROTOCOL;
  return [...offered].find((name) => !name.startsWith(TOKEN_PROTOCOL)) ?? false;
}

export function isUpgrade({ headers }: FastifyRequest): boolean {
  return headers.upgrade?.toLowerCase() === 'websocket';
}

/** Browsers let any page open a WebSocket to anywhere: only ours and the listed origins may. No origin: no browser. */
export function isAllowedOrigin({ headers }: FastifyRequest, allowed: readonly string[]): boolean {
  const { origin, host } = headers;
  if (origin === undefined || allowed.includes(origin)) return true;
  return URL.canParse(origin) && new URL(origin).host === host;
}
