import { Fault, type FaultKind, type Retry } from '../../../domain/fault.ts';
import { isObject, type Unchecked } from '../../decode/fields.ts';
import { refusalReason } from '../../rest/refusal-reason.ts';
import { retryAfter } from '../../rest/retry-after.ts';
import { faultOfCode } from './fault-of-code.ts';

const SECOND = 1_000;

/** The meaning of a refused handshake or REST request, after the v5 documents (error codes, rate limits). */
export function refusal(status: number, headers: Readonly<Record<string, string | undefined>>, body: string): Fault {
  const fault = (kind: FaultKind, retry: Retry) => new Fault(kind, refusalReason(status, body), { status, retry });
  // More than 600 requests in 5 s: every session has to stop for 10 minutes. Any other 403 is a refused place.
  if (status === 403 && /too frequent/i.test(body)) return fault('rate_limited', retryAfter(headers, 600 * SECOND));
  const { retCode, retMsg } = parsed(body);
  const coded = faultOfCode(retCode, retMsg, status);
  if (coded !== undefined) return coded;
  if (status === 403 || status === 451) return fault('region_blocked', { kind: 'never' });
  if (status === 429) return fault('rate_limited', retryAfter(headers, 60 * SECOND));
  if (status === 418) return fault('rate_limited', retryAfter(headers, 120 * SECOND));
  if (status >= 500)
    return fault(
      'unavailable',
      headers['retry-after'] === undefined ? { kind: 'backoff' } : retryAfter(headers, SECOND),
    );
  return fault('connect_failed', { kind: 'backoff' });
}

function parsed(body: string): Unchecked {
  try {
    const value: unknown = JSON.parse(body);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}
