import type { BookWish, Channel, Instrument } from '../../domain/instrument.ts';
import type { Venue } from '../contract.ts';

/** One connection to keep: line `line` of the group, which carries the same topics as the group's other lines. */
export interface ConnectionPlan {
  /** From 0; each group carries topics of its own. */
  readonly group: number;
  /** From 0. */
  readonly line: number;
  readonly url: string;
  readonly topics: readonly string[];
}

export interface PlanOptions {
  readonly instruments: readonly Instrument[];
  readonly channels: readonly Channel[];
  /** How much of the books is wanted, for channels of books. */
  readonly books?: BookWish;
  /** Connections per group, over the addresses in turn. */
  readonly lines: number;
  /** At least one. */
  readonly websocketUrls: readonly string[];
}

/**
 * Splits what is wanted of a venue into connections within its limits. All topics of a symbol stay on one connection,
 * so that its events keep their order, unless they alone are more than a connection may carry.
 */
export function planConnections(venue: Venue, options: PlanOptions): readonly ConnectionPlan[] {
  const { lines, websocketUrls } = options;
  return groupTopics(venue, options).flatMap((topics, group) =>
    Array.from({ length: lines }, (_, line) => {
      const url = websocketUrls[line % websocketUrls.length];
      if (url === undefined) throw new RangeError(`no address to connect to ${venue.id}`);
      return { group, line, url, topics };
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
