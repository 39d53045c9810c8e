import { signal } from '@preact/signals';

const KEY = 'market-feed.token';
/** The characters that a subprotocol's name may have. */
const PLAIN = /^[\w!#$%&'*+.^`|~-]+$/;

/** True if the gateway requires a token and we have none or a wrong one. */
export const tokenWanted = signal(false);

/** The token, kept until the tab is closed. */
let token = sessionStorage.getItem(KEY) ?? undefined;

export function setToken(next: string): void {
  token = next;
  sessionStorage.setItem(KEY, next);
  tokenWanted.value = false;
}

export function tokenHeaders(): Record<string, string> {
  return token === undefined ? {} : { authorization: `Bearer ${token}` };
}

/**
 * Opens a WebSocket with the token. Browsers cannot add headers to it, so the token is a subprotocol if its characters
 * allow it, or else in the URL.
 */
export function openSocket(path: string): WebSocket {
  const address = new URL(path, location.href.replace(/^http/, 'ws'));
  address.hash = '';
  if (token === undefined) return new WebSocket(address);
  if (PLAIN.test(token)) return new WebSocket(address, ['market-feed', `token.${token}`]);
  address.searchParams.set('token', token);
  return new WebSocket(address);
}
