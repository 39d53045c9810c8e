import { Fault, type FaultKind, type Retry } from '../../../domain/fault.ts';
import { refusalReason } from '../../rest/refusal-reason.ts';
import { retryAfter } from '../../rest/retry-after.ts';

const SECOND = 1_000;
/** The firewall's pages that mean load, not place; the official list calls 403 a WAF limit. */
const TOO_MUCH_TRAFFIC = /too much traffic|too many requests|rate limit/i;

/** The meaning of a refused handshake or REST request, after `rest-api.md`, HTTP return codes; 451 is field knowledge. */
export function refusal(status: number, headers: Readonly<Record<string, string | undefined>>, body: string): Fault {
  const fault = (kind: FaultKind, retry: Retry) => new Fault(kind, refusalReason(status, body), { status, retry });
  if (status === 451) return fault('region_blocked', { kind: 'never' });
  if (status === 403) {
    return TOO_MUCH_TRAFFIC.test(body)
      ? fault('rate_limited', retryAfter(headers, 600 * SECOND))
      : fault('region_blocked', { kind: 'never' });
  }
  if (status === 429) return fault('rate_limited', retryAfter(headers, 60 * SECOND));
  if (status === 418) return fault('rate_limited', retryAfter(headers, 120 * SECOND));
  if (status >= 500)
    return fault(
      'unavailable',
      headers['retry-after'] === undefined ? { kind: 'backoff' } : retryAfter(headers, SECOND),
    );
  if (status === 400 && body.includes('"code":-1121')) return fault('unknown_symbol', { kind: 'never' });
  return fault('connect_failed', { kind: 'backoff' });
}
