import { setImmediate as nextTurn } from 'node:timers/promises';
import { type OptionRules, required, TEXT } from '../domain/options/check-options.ts';
import { shown } from '../domain/options/shown.ts';
import type { TradeEvent } from '../domain/record.ts';
import { mergeLate } from '../market/trades/merge-late.ts';
import { isTimeOption } from './client-options.ts';
import { refusedOption, requireUsable } from './refused-option.ts';
import type { ReadPast } from './source/read-past.ts';
import { recordsOf, type TopicName } from './topic-name.ts';

/** The range of `market.tradesWithLate$`. */
export interface TradesWithLateOptions {
  /** The range begins with the first trade that arrived at this time or later; milliseconds since 1970, or a Date. */
  readonly from: 'beginning' | Date | number;
  /** The range ends before the first trade that arrived at this time or later. Default: the last trade in the topic. */
  readonly to?: Date | number;
  /** Only this venue's trades. Needed in `feed.mode: all`, where each venue has a series of its own. */
  readonly venue?: string;
}

const TIME = 'a Date, or milliseconds since 1970';

const RULES: OptionRules<TradesWithLateOptions> = {
  from: required([(value) => value === 'beginning' || isTimeOption(value), `beginning, ${TIME}`]),
  to: [isTimeOption, TIME],
  venue: TEXT,
};

/** A range in time, milliseconds since 1970: `from` inclusive, `to` exclusive. */
export interface PastRange {
  readonly fromMs: number;
  readonly toMs: number;
  readonly venue: string | undefined;
}

/** @throws Fault with retry `never` if an option is unknown or unusable */
export function pastRange(options: TradesWithLateOptions): PastRange {
  requireUsable('tradesWithLate$', options, RULES);
  const { from, to = Number.POSITIVE_INFINITY, venue } = options;
  const fromMs = from === 'beginning' ? Number.NEGATIVE_INFINITY : Number(from);
  const toMs = Number(to);
  if (toMs <= fromMs) {
    const problem = `to is ${shown(to)}, allowed: later than from, ${shown(from)}`;
    throw refusedOption('tradesWithLate$', problem, 'to');
  }
  return { fromMs, toMs, venue };
}

/** A late trade is published after its gap. It may be so much before the range if clocks differ, milliseconds. */
const CLOCKS_DIFFER_MS = 60_000;
/** After this many trades, other code gets a turn of the event loop. */
const TRADES_PER_TURN = 256;

export interface PastTradesParts {
  readonly read: ReadPast<TopicName>;
  readonly symbol: string;
  readonly range: PastRange;
  readonly signal: AbortSignal;
}

/**
 * Yields the trades of a symbol in a range, merged with its late trades. A late trade belongs to the range if the trades
 * before and after it do. If only one of them does, the timestamp of the late trade decides. So each late trade is in one
 * of two ranges that follow each other. Rejects with a Fault if reading fails, or as `mergeLate` does.
 *
 * `P`: fields that `read` adds to each record.
 */
export async function* pastTrades<P>(parts: PastTradesParts): AsyncGenerator<TradeEvent & P, void, undefined> {
  const { read, symbol, signal } = parts;
  const { fromMs, toMs, venue } = parts.range;
  const isOfSymbol = recordsOf<'trades', P>('trades', symbol);
  /** The first trade after the range. */
  let after: (TradeEvent & P) | undefined;
  /** True when the last trade of the range was read. */
  let isRead = false;
  async function* tradesIn(topic: 'trades' | 'late-trades', sinceMs: number) {
    const query = { symbol, sinceMs, isOptional: topic === 'late-trades', signal };
    for await (const { record, appendedAt } of read(topic, query))
      if (isOfSymbol(record) && (venue === undefined || record.venue === venue)) yield { record, appendedAt };
  }
  async function* published() {
    for await (const { record, appendedAt } of tradesIn('trades', fromMs)) {
      if (appendedAt >= toMs) {
        after = record;
        break;
      }
      yield record;
    }
    isRead = true;
    if (after !== undefined) yield after;
  }
  async function* late() {
    for await (const { record } of tradesIn('late-trades', fromMs - CLOCKS_DIFFER_MS)) yield record;
  }
  let isBegun = false;
  let sinceTurn = 0;
  for await (const { trade, isLate } of mergeLate(published(), late)) {
    if (trade === after) return;
    isBegun ||= !isLate;
    if (isLate && !isBegun && trade.timestamp < fromMs) continue;
    if (isLate && isRead && trade.timestamp >= toMs) continue;
    if (++sinceTurn % TRADES_PER_TURN === 0) await nextTurn();
    yield trade;
  }
}
