import type { TopicRecords } from '../codec/topics.ts';
import type { AnyTrade } from '../domain/trade-id.ts';
import { MINUTE_MS } from '../feed/audits/audited-minute.ts';
import type { Stops } from './stops.ts';

/**
 * How far event time passes the end of a window or minute until it is compared: trades near a border may come in the
 * order of their ids, not of their times. Milliseconds.
 */
export const SETTLES_MS = 60_000;

/** The short name of a topic, without a prefix. */
export type AuditedTopic = keyof TopicRecords;

export interface AuditedSeries {
  readonly venue: string;
  readonly symbol: string;
  readonly epoch: number;
}

/** Something that the records contradict. */
export interface Difference extends AuditedSeries {
  readonly topic: string;
  /** Start of the minute, milliseconds since 1970. */
  readonly minute: number;
  readonly text: string;
}

/** What all checks of one venue, symbol and epoch share. */
export interface SeriesScope extends AuditedSeries {
  /** True: the venue's trade ids step by one. */
  readonly isContiguous: boolean;
  readonly stops: Stops;
  /** Time of the last record of `feed-status`, milliseconds since 1970; Infinity: there is none. */
  readonly readTo: number;
  /**
   * What follows late trades that arrived later than this may not be published yet: windows, audits, and gaps with the
   * outcome `healed`. Milliseconds since 1970.
   */
  readonly healedTo: number;
  /** Reports a difference in the minute of `time`, milliseconds since 1970. */
  differ(topic: AuditedTopic, time: number, text: string): void;
}

/** Checks the trades of one venue, symbol and epoch. */
export interface TradeCheck {
  /**
   * Takes the next trade, in the order of ids. `latePosition`: its place among the late trades of the series; undefined
   * for a trade that is not late.
   */
  add(trade: AnyTrade, latePosition: number | undefined): void;
  /** Ends the series. Nothing is known from `knownTo` on, milliseconds since 1970. */
  end(knownTo: number): void;
}

export const minuteOf = (time: number): number => Math.floor(time / MINUTE_MS) * MINUTE_MS;
