import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';

/** Our WebSocket subprotocol. A client may also offer its token as a second subprotocol. */
export const SUBPROTOCOL = 'market-feed';
const TOKEN_PROTOCOL = 'token.';

/** True if the request has the token. */
export function hasToken(request: FastifyRequest, token: string): boolean {
  const given = tokenOf(request);
  return given !== undefined && sameToken(given, token);
}

/** Compares two tokens in constant time. */
function sameToken(given: string, wanted: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(wanted));
}

/** A request's token. For a WebSocket it may be in a subprotocol or the query, as browsers cannot set its headers. */
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

/** Chooses a WebSocket's subprotocol, never the one with the token. */
export function chooseSubprotocol(offered: ReadonlySet<string>): string | false {
  if (offered.has(SUBPROTOCOL)) return SUBPROTOCOL;
  return [...offered].find((name) => !name.startsWith(TOKEN_PROTOCOL)) ?? false;
}

export function isUpgrade({ headers }: FastifyRequest): boolean {
  return headers.upgrade?.toLowerCase() === 'websocket';
}

/**
 * True for our own pages, the allowed origins, and clients that are not browsers. Browsers let any page open a
 * WebSocket, so the server has to check.
 */
export function isAllowedOrigin({ headers }: FastifyRequest, allowed: readonly string[]): boolean {
  const { origin, host } = headers;
  if (origin === undefined || allowed.includes(origin)) return true;
  return URL.canParse(origin) && new URL(origin).host === host;
}
