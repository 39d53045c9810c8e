import { signal } from '@preact/signals';
import { remember, remembered } from '../page/storage.ts';

const KEY = 'market-feed.token';
/** The characters that a subprotocol's name may have. */
const PLAIN = /^[\w!#$%&'*+.^`|~-]+$/;

/** Set if the gateway requires a token, and ours is missing or wrong. */
export const tokenProblem = signal<'missing' | 'wrong' | undefined>(undefined);

/** The token, kept until the tab is closed. */
let token = remembered(KEY, 'sessionStorage');

export function setToken(next: string): void {
  token = next;
  remember(KEY, next, 'sessionStorage');
  tokenProblem.value = undefined;
}

/** Notes that the gateway has refused a request with these headers. Of an earlier token it says nothing any more. */
export function refused({ authorization }: Record<string, string>): void {
  if (authorization === tokenHeaders().authorization)
    tokenProblem.value = authorization === undefined ? 'missing' : 'wrong';
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
