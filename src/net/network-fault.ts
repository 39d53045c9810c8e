import { Fault } from '../domain/fault.ts';
import { hideCredentials } from '../domain/options/hide-credentials.ts';

/** Wraps an error of Node's network layer (DNS, TCP, TLS, HTTP) as the fault `connect_failed`. */
export function networkFault(error: unknown, url: string): Fault {
  const host = URL.canParse(url) ? new URL(url).host : hideCredentials(url);
  return new Fault('connect_failed', `cannot reach ${host}: ${explain(error)}`, { cause: error });
}

/**
 * Finds the reason in the error: Node puts it into a code, an AggregateError (one error per address) or a cause
 * (fetch).
 */
function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof AggregateError && error.errors.length > 0)
    return [...new Set(error.errors.map(explain))].join(', ');
  if (error.cause instanceof Error) return explain(error.cause);
  if ('code' in error && typeof error.code === 'string' && !error.message.includes(error.code))
    return `${error.code} ${error.message}`.trim();
  return error.message;
}
