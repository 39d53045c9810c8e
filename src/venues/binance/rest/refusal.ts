import { Fault } from '../../../domain/fault.ts';
import { httpRefusal, refusalReason, tooMuchTraffic } from '../../rest/http-refusal.ts';

/** Pages of the firewall that mean load, not region. */
const TOO_MUCH_TRAFFIC = /too much traffic|too many requests|rate limit/i;

/** The meaning of a refusal, after `rest-api.md`; 451 is field knowledge. */
export function refusal(status: number, headers: Readonly<Record<string, string | undefined>>, body: string): Fault {
  if (status === 403 && TOO_MUCH_TRAFFIC.test(body)) return tooMuchTraffic(status, headers, body);
  if (status === 400 && body.includes('"code":-1121'))
    return new Fault('unknown_symbol', refusalReason(status, body), { status, retry: { kind: 'never' } });
  return httpRefusal(status, headers, body);
}
