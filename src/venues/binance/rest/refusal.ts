import { Fault } from '../../../domain/fault.ts';
import { firewallRefusal, httpRefusal, refusalReason } from '../../rest/http-refusal.ts';

/**
 * CloudFront's page has this text only if the venue does not serve the country. Most of its pages, also this one,
 * mention too much traffic, whatever the reason.
 */
const BLOCKED_COUNTRY = 'block access from your country';

/**
 * Converts a refusal to a Fault, as Binance's document `rest-api.md` describes it. Two statuses for a blocked region
 * are not in the document: 451 (Binance) and 403 (Binance US).
 */
export function refusal(status: number, headers: Readonly<Record<string, string | undefined>>, body: string): Fault {
  // Every other 403 comes from the firewall, which blocks an address because of its requests.
  if (status === 403 && !body.includes(BLOCKED_COUNTRY)) return firewallRefusal(status, headers, body);
  if (status === 400 && body.includes('"code":-1121'))
    return new Fault('unknown_symbol', refusalReason(status, body), { status, retry: { kind: 'never' } });
  return httpRefusal(status, headers, body);
}
