import { isIPv4 } from 'node:net';
import type { FastifyRequest } from 'fastify';
import { ApiError } from './api-error.ts';

export interface HostSettings {
  /** The address to listen on, as a name or an IP address. */
  readonly host: string;
  readonly allowedOrigins: readonly string[];
}

const HEADER = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d*)?$/;

/** True if only programs of this machine can reach the address. */
function isLoopback(host: string): boolean {
  const name = host.toLowerCase();
  return name === 'localhost' || name === '::1' || (isIPv4(name) && name.startsWith('127.'));
}

/** What to warn of if clients of other machines may read without a token; undefined if they may not. */
export function openToAll({ host, token }: { readonly host: string; readonly token: unknown }): string | undefined {
  if (token !== null || isLoopback(host)) return undefined;
  return `the gateway listens on ${host} without a token, so every client that reaches its port can read: set gateway.token_file`;
}

/**
 * Returns a check of a request's header `Host`. A web page whose name gets the address 127.0.0.1 ("DNS rebinding") has
 * the same origin as a gateway there, so on loopback only known names are served. The check throws an ApiError (421).
 */
export function hostCheck({ host, allowedOrigins }: HostSettings): (request: FastifyRequest) => void {
  if (!isLoopback(host)) return () => undefined;
  const names = ['localhost', '127.0.0.1', '[::1]', host.includes(':') ? `[${host}]` : host];
  const known = new Set([...names, ...allowedOrigins.map((origin) => new URL(origin).hostname)].map(lowerCase));
  return ({ headers }) => {
    // Only HTTP 1.0 allows requests without the header, and no browser sends them.
    if (headers.host === undefined) return;
    const [, name] = HEADER.exec(headers.host.toLowerCase()) ?? [];
    if (name !== undefined && known.has(name)) return;
    const message = `this gateway serves ${[...known].join(', ')}; gateway.allowed_origins adds names`;
    throw new ApiError(421, 'unknown_host', message, { host: headers.host });
  };
}

const lowerCase = (text: string): string => text.toLowerCase();
