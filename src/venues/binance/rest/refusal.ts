import { Fault } from '../../../domain/fault.ts';
import { firewallRefusal, httpRefusal, refusalReason } from '../../rest/http-refusal.ts';

/** In CloudFront's page for a country that the venue does not serve. The rest of the page speaks of too much traffic. */
const BLOCKED_COUNTRY = 'block access from your country';

/** The meaning of a refusal, after `rest-api.md`. Not documented: 451 (Binance) and 403 (Binance US) for a region. */
export function refusal(status: number, headers: Readonly<Record<string, string | undefined>>, body: string): Fault {
  // Every other 403 is the firewall's, which blocks an address for its requests.
  if (status === 403 && !body.includes(BLOCKED_COUNTRY)) return firewallRefusal(status, headers, body);
  if (status === 400 && body.includes('"code":-1121'))
    return new Fault('unknown_symbol', refusalReason(status, body), { status, retry: { kind: 'never' } });
  return httpRefusal(status, headers, body);
}
