import { Fault } from '../../../domain/fault.ts';
import { isObject, type Unchecked, wordsOf } from '../../decode/fields.ts';
import { httpRefusal, refusalReason, tenMinutes } from '../../rest/http-refusal.ts';

const REGION = new Set([10009, 10024]);
const TOO_MANY = new Set([10006, 10018]);
const INVALID_SYMBOL = 10029;
const SERVER = new Set([10000, 10016]);

/**
 * Converts a refusal to a Fault, according to the v5 documents (error codes, rate limits). A 403 has three causes: more
 * than 600 requests in 5 s, a GET with a body (we send none), or a country that Bybit does not serve. All three get the
 * same wait: the first cause demands ten minutes without a request, and only some bodies name the cause.
 */
export function refusal(status: number, headers: Readonly<Record<string, string | undefined>>, body: string): Fault {
  const { retCode, retMsg } = parsed(body);
  const coded = faultOfCode(retCode, retMsg, status);
  if (status !== 403) return coded ?? httpRefusal(status, headers, body);
  const kind = /too frequent/i.test(body) ? 'rate_limited' : (coded?.kind ?? 'region_blocked');
  const onlyThisHost = kind === 'region_blocked';
  return new Fault(kind, refusalReason(status, body), { status, retry: tenMinutes(headers), onlyThisHost });
}

function parsed(body: string): Unchecked {
  try {
    const value: unknown = JSON.parse(body);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

/**
 * Converts a `retCode` to a Fault, according to the v5 error codes. Returns undefined for codes other than the
 * constants above.
 */
export function faultOfCode(code: unknown, message: unknown, status: number | undefined): Fault | undefined {
  if (typeof code !== 'number') return undefined;
  const text = `retCode ${code}: ${wordsOf(message)}`;
  const at = status === undefined ? {} : { status };
  if (REGION.has(code))
    return new Fault('region_blocked', text, { ...at, retry: { kind: 'never' }, onlyThisHost: true });
  if (TOO_MANY.has(code)) return new Fault('rate_limited', text, { ...at, retry: { kind: 'after', afterMs: 5_000 } });
  if (code === INVALID_SYMBOL) return new Fault('unknown_symbol', text, { ...at, retry: { kind: 'never' } });
  if (SERVER.has(code)) return new Fault('unavailable', text, at);
  return undefined;
}
