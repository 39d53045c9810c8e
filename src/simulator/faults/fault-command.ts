import { VENUE_IDS, type VenueId } from '../../domain/instrument.ts';

/** A fault as asked for: `POST /faults`, with every default filled in. */
export interface FaultCommand {
  readonly venue: VenueId | 'all';
  readonly fault: string;
  /** A connection by order of those open now, from 1. */
  readonly line: number | 'all';
  /** Empty: every symbol. */
  readonly symbol: string;
  /** 0: until cleared, or once. */
  readonly seconds: number;
  readonly status: number | undefined;
  readonly count: number | undefined;
}

/** What may be given; only `venue` and `fault` must be. */
export interface FaultRequest {
  readonly venue: VenueId | 'all';
  readonly fault: string;
  readonly line?: number | 'all' | undefined;
  readonly symbol?: string | undefined;
  readonly seconds?: number | undefined;
  readonly status?: number | undefined;
  readonly count?: number | undefined;
}

/** A fault that cannot be: the message says which member is wrong and what is allowed. */
export class BadFault extends Error {
  override readonly name = 'BadFault';
}

const MEMBERS = ['venue', 'fault', 'line', 'symbol', 'seconds', 'status', 'count'];

/** Checks a request. `null` counts as not given. @throws BadFault */
export function parseFault(body: unknown, names: readonly string[]): FaultCommand {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new BadFault('the body must be a JSON object');
  for (const key of Object.keys(body))
    if (!MEMBERS.includes(key)) throw new BadFault(`unknown member ${key}; known: ${MEMBERS.join(', ')}`);
  const given = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null));
  return {
    venue: oneOf('venue', given.venue, [...VENUE_IDS, 'all']),
    fault: oneOf('fault', given.fault, names),
    line: lineOf(given.line ?? 'all'),
    symbol: textOf('symbol', given.symbol ?? '').toUpperCase(),
    seconds: numberOf('seconds', given.seconds ?? 0, 0, 86_400, false),
    status: given.status === undefined ? undefined : numberOf('status', given.status, 100, 4_999, true),
    count: given.count === undefined ? undefined : numberOf('count', given.count, 1, 1_000_000_000, true),
  };
}

function oneOf<T extends string>(name: string, value: unknown, allowed: readonly T[]): T {
  const found = allowed.find((one) => one === value);
  if (found === undefined) throw new BadFault(`${name} is ${JSON.stringify(value)}; allowed: ${allowed.join(', ')}`);
  return found;
}

function lineOf(value: unknown): number | 'all' {
  if (value === 'all') return 'all';
  const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
  if (typeof number === 'number' && Number.isInteger(number) && number >= 1) return number;
  throw new BadFault(`line is ${JSON.stringify(value)}; allowed: 1, 2, … or "all"`);
}

function textOf(name: string, value: unknown): string {
  if (typeof value === 'string') return value;
  throw new BadFault(`${name} is ${JSON.stringify(value)}; allowed: a text`);
}

function numberOf(name: string, value: unknown, least: number, most: number, whole: boolean): number {
  if (typeof value === 'number' && value >= least && value <= most && (!whole || Number.isInteger(value))) return value;
  throw new BadFault(
    `${name} is ${JSON.stringify(value)}; allowed: ${whole ? 'a whole number' : 'a number'} from ${least} to ${most}`,
  );
}
