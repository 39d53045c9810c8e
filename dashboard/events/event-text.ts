import { duration } from '../../src/domain/duration.ts';
import { withoutJson } from '../../src/domain/headline.ts';
import { isMissing } from '../../src/domain/trade-id.ts';
import type { GapAnswer } from '../../src/gateway/api/feed-answers.ts';
import type { StatusJson } from '../../src/gateway/api/record-schema.ts';
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

/** `BTC: 34 s without trades, 1,234 missing, 56 of them fetched so far`. */
export function gapText(gap: GapAnswer, coin: string): string {
  const { from_time, to_time, missing, filled, outcome } = gap;
  const rest = isMissing(outcome)
    ? openText(gap)
    : `all ${count(missing ?? filled)} fetched${outcome === 'healed' ? ' later' : ''}`;
  return `${coin}: ${duration(to_time - from_time)} without trades, ${rest}`;
}

function openText({ missing, filled, outcome, healing }: GapAnswer): string {
  const known = `${missing === null ? 'an unknown number' : count(missing)} missing`;
  const fetched = healing?.fetched ?? (outcome === 'unrepaired' ? filled : 0);
  const some = fetched > 0 ? `${known}, ${count(fetched)} of them fetched` : known;
  if (healing === null) return some;
  const why = healing.reason === '' ? '' : `: ${plainReason(healing.reason)}`;
  if (healing.state === 'left') return `${some}. ${fetched > 0 ? 'The others' : 'They'} stay missing${why}`;
  const soFar = fetched > 0 ? `${some} so far` : `${known}, none of them fetched yet`;
  return `${soFar}${why === '' ? '' : `. It waits${why}`}`;
}
