import type { BookDepth, Channel, Instrument } from '../../domain/instrument.ts';
import type { Venue } from '../contract.ts';

/** One connection of a plan. All connections of a group carry the same topics; `line` numbers them from 0. */
export interface ConnectionPlan {
  /** Counts from 0; each group has its own topics. */
  readonly group: number;
  readonly line: number;
  readonly url: string;
  readonly topics: readonly string[];
}

export interface PlanOptions {
  readonly instruments: readonly Instrument[];
  readonly channels: readonly Channel[];
  readonly books?: BookDepth;
  /** Connections per group; they use the addresses in turn. */
  readonly lines: number;
  readonly websocketUrls: readonly string[];
}

/**
 * Splits topics into connections. A symbol's topics share a connection if they fit, to keep the symbol's events in
 * order.
 */
export function planConnections(venue: Venue, options: PlanOptions): readonly ConnectionPlan[] {
  const { lines, websocketUrls } = options;
  return groupTopics(venue, options).flatMap((topics, group) =>
    Array.from({ length: lines }, (_, line) => {
      const url = websocketUrls[line % websocketUrls.length];
      if (url === undefined) throw new RangeError(`no address to connect to ${venue.id}`);
      return { group, line, url: venue.url?.(url, topics) ?? url, topics };
    }),
  );
}

function groupTopics(venue: Venue, { instruments, channels, books }: PlanOptions): readonly (readonly string[])[] {
  const most = venue.limits.topicsPerConnection;
  const groups: string[][] = [];
  let room = 0;
  for (const instrument of instruments) {
    const topics = [...new Set(channels.flatMap((channel) => venue.topics(instrument, channel, books)))];
    if (topics.length > room) room = 0;
    for (const topic of topics) {
      if (room === 0) {
        groups.push([]);
        room = most;
      }
      groups.at(-1)?.push(topic);
      room--;
    }
  }
  return groups;
}
