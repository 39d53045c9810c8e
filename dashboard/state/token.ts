import { signal } from '@preact/signals';

const KEY = 'market-feed.token';
/** What a subprotocol's name may consist of. */
const PLAIN = /^[\w!#$%&'*+.^`|~-]+$/;

/** True: the gateway asks for a token, and what we have is none or the wrong one. */
export const tokenWanted = signal(false);

/** Kept for this tab's life. */
let token = sessionStorage.getItem(KEY) ?? undefined;

export function setToken(next: string): void {
  token = next;
  sessionStorage.setItem(KEY, next);
  tokenWanted.value = false;
}

export function tokenHeaders(): Record<string, string> {
  return token === undefined ? {} : { authorization: `Bearer ${token}` };
}

/** A WebSocket cannot bear headers: the token goes as a subprotocol where it can, else in the address. */
export function openSocket(path: string): WebSocket {
  const address = new URL(path, location.href.replace(/^http/, 'ws'));
  address.hash = '';
  if (token === undefined) return new WebSocket(address);
  if (PLAIN.test(token)) return new WebSocket(address, ['market-feed', `token.${token}`]);
  address.searchParams.set('token', token);
  return new WebSocket(address);
}
