import { type Channel, VENUE_IDS, type VenueId } from '../domain/instrument.ts';
import type { Venue } from './contract.ts';
import { venues } from './registry.ts';

/** A wanted channel that a venue does not have. */
export interface MissingChannel {
  readonly venue: VenueId;
  readonly channel: Channel;
  /** For people: what it means, and which venues have the channel. */
  readonly reason: string;
}

const SAMPLE = { coin: 'BTC', symbol: 'BTCUSDT', venueSymbol: 'BTCUSDT' };

export function hasChannel({ topics }: Venue, channel: Channel): boolean {
  return topics(SAMPLE, channel).length > 0;
}

const having = (ids: readonly VenueId[], channel: Channel): readonly VenueId[] =>
  ids.filter((id) => hasChannel(venues[id], channel));

/**
 * Returns the venues that can serve a symbol, in the same order. With `agg_trade` but without `trade`, epochs consist
 * of aggregated trades, so a venue without them cannot serve. If no venue has them, all venues stay for the other
 * channels.
 */
export function servingVenues(ids: readonly VenueId[], channels: readonly Channel[]): readonly VenueId[] {
  if (channels.includes('trade') || !channels.includes('agg_trade')) return ids;
  const able = having(ids, 'agg_trade');
  return able.length === 0 ? ids : able;
}

/**
 * Returns the channels that each venue lacks. For a venue that is not in `used`, it returns only `agg_trade`: this lack
 * is why the venue is not used.
 */
export function missingChannels(
  ids: readonly VenueId[],
  channels: readonly Channel[],
  used: readonly VenueId[],
): readonly MissingChannel[] {
  return ids.flatMap((venue) => {
    const isUsed = used.includes(venue);
    const lacked = channels.filter((channel) => !hasChannel(venues[venue], channel));
    return lacked
      .filter((channel) => isUsed || channel === 'agg_trade')
      .map((channel) => ({ venue, channel, reason: reasonOf(venue, channel, having(ids, channel), isUsed) }));
  });
}

function reasonOf(venue: VenueId, channel: Channel, have: readonly VenueId[], isUsed: boolean): string {
  const what = `${venue} has no channel ${channel}`;
  const others = have.join(' or ');
  if (!isUsed) return `${what} and is not used: without the channel trade, a venue must have agg_trade (${others})`;
  if (have.length > 0) return `${what}: it is published only while ${others} is active`;
  const elsewhere = having(VENUE_IDS, channel).join(' or ');
  return `${what}, and no other venue of feed.venues has it: it is not published (add ${elsewhere})`;
}
