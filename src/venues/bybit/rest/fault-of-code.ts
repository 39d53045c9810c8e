import { Fault } from '../../../domain/fault.ts';
import { wordsOf } from '../../decode/fields.ts';

const REGION = new Set([10009, 10024]);
const TOO_MANY = new Set([10006, 10018]);
const INVALID_SYMBOL = 10029;
const SERVER = new Set([10000, 10016]);

/** What a `retCode` other than 0 means, after the v5 error codes; undefined for codes that say nothing of the connection. */
export function faultOfCode(code: unknown, message: unknown, status: number | undefined): Fault | undefined {
  if (typeof code !== 'number') return undefined;
  const text = `retCode ${code}: ${wordsOf(message)}`;
  const at = status === undefined ? {} : { status };
  if (REGION.has(code)) return new Fault('region_blocked', text, { ...at, retry: { kind: 'never' } });
  if (TOO_MANY.has(code)) return new Fault('rate_limited', text, { ...at, retry: { kind: 'after', afterMs: 5_000 } });
  if (code === INVALID_SYMBOL) return new Fault('unknown_symbol', text, { ...at, retry: { kind: 'never' } });
  if (SERVER.has(code)) return new Fault('unavailable', text, at);
  return undefined;
}
