import { wholeDuration } from './duration.ts';
import type { FeedStatus } from './record.ts';
import type { VenueStateName } from './venue-state.ts';

/* The one sentence about the state of the feed, for the page, the terminal, the API and `/readyz`. */

/** Which venue serves, and instead of which other one. */
export interface ServingVenue {
  /** The active venue; null: none yet, or not one venue for all. It may be down. */
  readonly venue: string | null;
  /** When it began to serve, milliseconds since 1970; null: unknown. */
  readonly since: number | null;
  /** The venue that it replaces; null: none. */
  readonly insteadOf: string | null;
  /** Why that venue does not serve; may be empty. */
  readonly why: string;
}

export interface HeadlineTrading {
  /** `unknown`: the state of the feed is not known now. */
  readonly state: 'allowed' | 'halted' | 'unknown';
  /** Not used if trading is allowed. */
  readonly reason: string;
  /** How long the reason has lasted, milliseconds, if that matters. */
  readonly forMs?: number;
}

export type MissingType = 'sink' | 'dropped' | 'gaps' | 'dead_letters' | 'halted';

/** What is missing, or will be. */
export interface MissingPart {
  readonly type: MissingType;
  readonly count: number;
  readonly text: string;
}

/** What a headline is made of, at the moment `at`. A status snapshot is such a state. */
export interface HeadlineState {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly mode: 'failover' | 'all';
  readonly trading: HeadlineTrading;
  readonly serving: ServingVenue;
  readonly venues: readonly {
    readonly venue: string;
    readonly state: VenueStateName;
    readonly active: boolean;
    /** Age of its last data, milliseconds; null: unknown. */
    readonly ageMs: number | null;
    readonly eventLagMs: number | null;
  }[];
  /** Symbols that must not be traded although trading is allowed. */
  readonly halted: readonly string[];
  readonly sinks: readonly {
    readonly name: string;
    readonly state: 'opening' | 'up' | 'down';
    /** May be empty. */
    readonly reason: string;
    /** Records dropped; null: unknown. */
    readonly dropped: number | null;
  }[];
  /** `gaps`: gaps that are not repaired. `dead_letters`. A number that is missing is 0. */
  readonly counts: Readonly<Record<string, number>>;
}

export interface Headline {
  /** The whole sentence. */
  readonly text: string;
  /** The sentence without ages and counts, so that it changes only when something happens. */
  readonly announcement: string;
  /** The reason includes how long it has lasted. */
  readonly trading: Pick<HeadlineTrading, 'state' | 'reason'> & { readonly text: string };
  /** `names`: the venues that serve now. It is empty unless trading is allowed. */
  readonly serving: ServingVenue & { readonly names: readonly string[]; readonly text: string };
  /** The greatest event lag of the venues that serve, milliseconds; null: unknown, or none serves. */
  readonly eventLagMs: number | null;
  /** The same in words; empty if null. */
  readonly lagText: string;
  /** Empty if nothing is missing. The worst comes first. */
  readonly missing: readonly MissingPart[];
}

export const NOT_SERVING: ServingVenue = { venue: null, since: null, insteadOf: null, why: '' };

/** A reason is cut after this many characters. */
const REASON_LENGTH = 80;
const NAMED_SYMBOLS = 3;
const DAY_MS = 86_400_000;
const SERVES: ReadonlySet<VenueStateName> = new Set(['connected', 'quiet']);

/**
 * Makes the sentence about the feed. It says that a venue serves only if the venue delivers and trading is allowed: just
 * after a halt, the state of the venue may not be known yet.
 */
export function headlineOf(state: HeadlineState): Headline {
  const { state: allows, forMs } = state.trading;
  const reason = haltReason(state.trading);
  const why = `${reason}${forMs === undefined ? '' : ` for ${coarse(forMs)}`}`;
  const trading = { state: allows, reason: why, text: tradingText(allows, why) };
  const candidates = servingCandidates(state);
  const names =
    trading.state === 'allowed'
      ? candidates.filter((venue) => SERVES.has(venue.state)).map((venue) => venue.venue)
      : [];
  const lags = state.venues.flatMap((each) => (names.includes(each.venue) ? (each.eventLagMs ?? []) : []));
  const eventLagMs = lags.length === 0 ? null : Math.max(...lags);
  const missing = missingParts(state);
  const serving = { ...state.serving, names, text: servingText(state, names, candidates.length) };
  const lagText = eventLagMs === null ? '' : tenths(eventLagMs);
  return {
    text: [
      trading.text,
      `venue ${serving.text}`,
      ...(lagText === '' ? [] : [`event lag ${lagText}`]),
      ...missing.map(({ text }) => text),
    ].join(' · '),
    announcement: announcement(state, names, missing),
    trading,
    serving,
    eventLagMs,
    lagText,
    missing,
  };
}

/** Returns who serves after a status record. `reasonOf`: why a venue is in its present state; may be empty. */
export function nextServing(
  serving: ServingVenue,
  record: FeedStatus,
  reasonOf: (venue: string) => string,
): ServingVenue {
  const { state, symbol, activeVenue, cause, switch: switched, timestamp: since } = record;
  if (switched !== null && symbol === null) {
    const { from, to: venue } = switched;
    if (from === null || state === 'failed_back') return { ...NOT_SERVING, venue, since };
    const why = cause === 'first' ? `${venue} was ready first` : (cause ?? '').replaceAll('_', ' ');
    return { venue, since, insteadOf: from, why: reasonOf(from) || why };
  }
  if (activeVenue !== null && activeVenue !== serving.venue) {
    const insteadOf = serving.venue;
    // The first record that a reader sees says nothing of the time before.
    if (insteadOf === null && state !== 'trading_resumed') return { ...NOT_SERVING, venue: activeVenue };
    return { venue: activeVenue, since, insteadOf, why: insteadOf === null ? '' : reasonOf(insteadOf) };
  }
  return state === 'trading_resumed' ? { ...serving, since } : serving;
}

function servingCandidates({ mode, serving, venues }: HeadlineState): HeadlineState['venues'] {
  if (mode === 'all') return venues.filter(({ state }) => state !== 'idle');
  if (serving.venue !== null) return venues.filter(({ venue }) => venue === serving.venue);
  return venues.filter(({ active }) => active);
}

/** The reason, but none if trading is allowed. */
function haltReason({ state, reason }: HeadlineTrading): string {
  return state === 'allowed' ? '' : cut(reason);
}

function tradingText(state: HeadlineTrading['state'], reason: string): string {
  return `trading ${state}${reason === '' ? '' : `: ${reason}`}`;
}

function servingText(state: HeadlineState, names: readonly string[], of: number): string {
  const { serving, venues, at, trading } = state;
  if (of > 1 && trading.state === 'unknown') return 'unknown';
  if (names.length > 1 || of > 1) return `${names.join(', ') || 'none'} (${names.length} of ${of})`;
  if (names.length === 0) {
    const last = venues.find(({ venue }) => venue === serving.venue);
    const age = last === undefined || last.ageMs === null ? '' : `, ${coarse(last.ageMs)} ago`;
    const past = serving.venue === null ? '' : ` (last: ${serving.venue}${age})`;
    return `${trading.state === 'unknown' ? 'unknown' : 'none'}${past}`;
  }
  const since = serving.since === null ? '' : `, since ${clock(serving.since, at)} (${coarse(at - serving.since)})`;
  return `${names[0]}${since}${serving.venue === null ? '' : insteadText(serving)}`;
}

function insteadText({ insteadOf, why }: ServingVenue): string {
  if (insteadOf === null) return '';
  return `, instead of ${insteadOf}${why === '' ? '' : `: ${cut(why)}`}`;
}

function missingParts({ sinks, counts, halted }: HeadlineState): readonly MissingPart[] {
  const down = sinks
    .filter(({ state }) => state !== 'up')
    .map((sink): MissingPart => ({ type: 'sink', count: 1, text: sinkText(sink) }));
  const { gaps = 0, dead_letters: deadLetters = 0 } = counts;
  const dropped = sinks.reduce((sum, each) => sum + (each.dropped ?? 0), 0);
  const names = halted.slice(0, NAMED_SYMBOLS).join(', ') + (halted.length > NAMED_SYMBOLS ? ', …' : '');
  const parts: readonly MissingPart[] = [
    { type: 'dropped', count: dropped, text: `${counted(dropped, 'record')} dropped` },
    { type: 'halted', count: halted.length, text: `${counted(halted.length, 'symbol')} halted: ${names}` },
    { type: 'gaps', count: gaps, text: counted(gaps, 'gap') },
    { type: 'dead_letters', count: deadLetters, text: counted(deadLetters, 'dead letter') },
  ];
  return [...down, ...parts.filter(({ count }) => count > 0)];
}

function sinkText({ name, state, reason }: HeadlineState['sinks'][number]): string {
  // Some reasons begin with the sink's name.
  let why = reason;
  while (why.startsWith(`${name}: `)) why = why.slice(name.length + 2);
  return `sink ${name} is ${state}${why === '' ? '' : `: ${cut(why)}`}`;
}

function announcement(state: HeadlineState, names: readonly string[], missing: readonly MissingPart[]): string {
  const serves =
    names.length > 0
      ? `${names.join(', ')} ${names.length === 1 ? 'serves' : 'serve'}${names.length === 1 ? insteadText(state.serving) : ''}.`
      : state.trading.state === 'unknown'
        ? ''
        : 'No venue serves.';
  const sinks = missing.filter(({ type }) => type === 'sink').map(({ text }) => `${text}.`);
  return [`${tradingText(state.trading.state, haltReason(state.trading))}.`, serves, ...sinks]
    .filter((part) => part !== '')
    .join(' ');
}

/** Tenths of a second, so that a small lag does not tremble. */
function tenths(ms: number): string {
  if (ms < 100) return 'under 0.1 s';
  return ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : coarse(ms);
}

/** Seconds up to 99 s, then minutes, hours and days. */
function coarse(ms: number): string {
  const minutes = Math.floor(Math.max(0, ms) / 60_000);
  return ms < 100_000 || minutes >= 100 ? wholeDuration(Math.max(0, ms)) : `${minutes} m`;
}

/** `14:03:07 UTC`; with the date if it is a day ago or more. */
function clock(ms: number, at: number): string {
  const text = new Date(ms).toISOString();
  return `${at - ms < DAY_MS ? text.slice(11, 19) : text.slice(0, 19).replace('T', ' ')} UTC`;
}

/** A number with its noun: `1 gap`, `1,234 gaps`. */
export function counted(count: number, noun: string): string {
  return `${count.toLocaleString('en-US')} ${noun}${count === 1 ? '' : 's'}`;
}

function cut(reason: string): string {
  const text = withoutJson(reason);
  return text.length > REASON_LENGTH ? `${text.slice(0, REASON_LENGTH - 1)}…` : text;
}

/** The fields in which a venue puts its message. */
const MESSAGE = /"(?:msg|retMsg|ret_msg|message|reason|error)"\s*:\s*"((?:[^"\\]|\\.)*)"/;

/** Puts the message of a venue's JSON in the place of the JSON, which may be cut off. */
export function withoutJson(text: string): string {
  const at = text.search(/[{[]\s*["{[]/);
  if (at === -1) return text;
  const before = text.slice(0, at).replace(/[\s:,;(]+$/, '');
  const message = MESSAGE.exec(text.slice(at))?.[1];
  return message === undefined || message === '' ? before : `${before}${before === '' ? '' : ': '}${message}`;
}
