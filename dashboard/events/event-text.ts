import { duration } from '../../src/domain/duration.ts';
import { withoutJson } from '../../src/domain/headline.ts';
import { isMissing } from '../../src/domain/trade-id.ts';
import type { GapJson, StatusJson } from '../../src/gateway/api/record-schema.ts';
import { count } from '../text/number-text.ts';

const TITLES: Readonly<Record<string, string>> = {
  feed_stale: 'stale',
  feed_recovered: 'recovered',
  feed_started: 'feed started',
  feed_back: 'feed is back',
  feed_lost: 'feed lost',
  stopped: 'feed stopped',
  sink_unavailable: 'sink down',
  sink_recovered: 'sink up',
};

/** What happened, in two or three words. */
export function eventTitle({ state, cause }: Pick<StatusJson, 'state' | 'cause'>): string {
  if (state === 'feed_stale' && cause === 'quiet_market') return 'idle market';
  return TITLES[state] ?? state.replaceAll('_', ' ');
}

/** A reason for people: without the JSON of a venue's answer, and with durations in seconds from 1 s on. */
export function plainReason(reason: string): string {
  return withoutJson(reason).replaceAll(/\b(\d{4,}) ms\b/g, (_, ms: string) => duration(Number(ms)));
}

/** `BTC: 34 s without trades, 1,234 missing`. */
export function gapText({ from_time, to_time, missing, filled, outcome }: GapJson, coin: string): string {
  const known = missing === null ? 'an unknown number' : count(missing);
  const fetched = `all ${count(missing ?? filled)} fetched${outcome === 'healed' ? ' later' : ''}`;
  const rest = isMissing(outcome) ? `${known} missing` : fetched;
  const some = filled > 0 && outcome === 'unrepaired' ? `, ${count(filled)} of them fetched` : '';
  return `${coin}: ${duration(to_time - from_time)} without trades, ${rest}${some}`;
}
