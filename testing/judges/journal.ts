import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { AggTrade, FeedRecord, Gap, TradeEvent } from '../../src/domain/record.ts';

/** A row of the simulator's journal: an event that a venue made. */
export interface JournalEvent {
  readonly venue: string;
  readonly symbol: string;
  readonly kind: string;
  readonly id: string;
  /** The price as the venue sends it. */
  readonly price: string;
  readonly quantity: string;
  /** Side of the taker; empty if the event has none. */
  readonly side: 'buy' | 'sell' | '';
  /** The venue's time of the event, milliseconds since 1970. */
  readonly time: number;
  /** Numbers of the connections to which the event was sent. */
  readonly sent: readonly number[];
  /** True if a fault withheld the trade from a connection that had subscribed to it. */
  readonly withheld?: true;
  readonly first_trade_id?: string;
  readonly last_trade_id?: string;
  readonly closed?: boolean;
  readonly ask_price?: string;
  readonly ask_quantity?: string;
}

/** Reads the events of a journal for which `keep` returns true; all by default. */
export async function readJournal(
  file: string,
  keep: (event: JournalEvent) => boolean = () => true,
): Promise<JournalEvent[]> {
  const events: JournalEvent[] = [];
  for await (const line of createInterface({ input: createReadStream(file) })) {
    const event = JSON.parse(line) as JournalEvent;
    if (keep(event)) events.push(event);
  }
  return events;
}

/** Removes the zeros at the end of a decimal text. It does not use the code under test. */
export function exactValue(text: string): string {
  return text.includes('.') ? text.replace(/0+$/, '').replace(/\.$/, '') : text;
}

export interface Comparison {
  /** Number of compared runs. A run is the trades of one venue, symbol and epoch. */
  readonly runs: number;
  /** Number of trades in these runs. */
  readonly trades: number;
  /** Differences as text, at most 20. */
  readonly problems: readonly string[];
}

/**
 * Compares published trades with a journal. Within each venue, symbol and epoch, they must be the journal's events from
 * the first to the last published one, in its order and with equal values. Events inside a published gap may be
 * missing. An aggregated trade stands for all events up to its last.
 */
export function compareTrades(
  records: readonly FeedRecord[],
  journal: readonly JournalEvent[],
  kind: 'trade' | 'agg_trade' = 'trade',
): Comparison {
  const problems: string[] = [];
  const made = grouped(
    journal.filter((event) => event.kind === kind),
    ({ venue, symbol }) => `${venue} ${symbol}`,
  );
  const runs = grouped(
    records.filter((record): record is TradeEvent | AggTrade => record.kind === kind),
    ({ venue, symbol, epoch }) => `${venue} ${symbol} ${epoch}`,
  );
  const gaps = grouped(
    records.filter((record) => record.kind === 'gap'),
    ({ venue, symbol, epoch }) => `${venue} ${symbol} ${epoch}`,
  );
  let trades = 0;
  for (const [run, published] of runs) {
    trades += published.length;
    const expected = expectedRun(
      made.get(run.slice(0, run.lastIndexOf(' '))) ?? [],
      published,
      gaps.get(run) ?? [],
      kind,
    );
    problems.push(...differences(run, published, expected, kind));
  }
  return { runs: runs.size, trades, problems: problems.slice(0, 20) };
}

function expectedRun(
  made: readonly JournalEvent[],
  published: readonly (TradeEvent | AggTrade)[],
  gaps: readonly Gap[],
  kind: string,
): JournalEvent[] {
  const first = BigInt(published[0]?.tradeId ?? 0);
  const last = lastIdOf(published.at(-1));
  const wanted: JournalEvent[] = [];
  let at = 0;
  for (const event of made) {
    const id = idOf(event, kind);
    while (at < published.length - 1 && id > lastIdOf(published[at])) at++;
    const trade = published[at];
    const isThere = id >= BigInt(trade?.tradeId ?? 0) && id <= lastIdOf(trade);
    const isMissing = gaps.some(
      ({ fromId, toId }) => fromId !== null && toId !== null && id > BigInt(fromId) && id < BigInt(toId),
    );
    if (id < first || id > last || (isMissing && !isThere)) continue;
    const before = wanted.at(-1);
    if (isThere && kind === 'trade' && before !== undefined && idOf(before, kind) >= BigInt(trade?.tradeId ?? 0))
      wanted[wanted.length - 1] = aggregateOf(before, event);
    else wanted.push(event);
  }
  return wanted;
}

/** Combines two fills of one order. If their prices or sides differ, the text of the price matches no record. */
function aggregateOf(first: JournalEvent, { price, side, quantity }: JournalEvent): JournalEvent {
  const same = price === first.price && side === first.side;
  return same ? { ...first, quantity: exactSum(first.quantity, quantity) } : { ...first, price: `${price} and others` };
}

function exactSum(...texts: readonly string[]): string {
  const scaled = texts.map((text) => {
    const [whole = '', fraction = ''] = text.split('.');
    return BigInt(whole + fraction.padEnd(18, '0'));
  });
  const digits = String(scaled.reduce((sum, value) => sum + value)).padStart(19, '0');
  return `${digits.slice(0, -18)}.${digits.slice(-18)}`;
}

function differences(
  run: string,
  published: readonly (TradeEvent | AggTrade)[],
  expected: readonly JournalEvent[],
  kind: string,
): string[] {
  const at = published.findIndex((trade, index) => trade.tradeId !== idOf(expected[index], kind).toString());
  if (at !== -1)
    return [
      `${run}: number ${at} of ${published.length} is ${published[at]?.tradeId} after ${published[at - 1]?.tradeId}, but the journal has ${idOf(expected[at], kind)}`,
    ];
  if (expected.length !== published.length)
    return [`${run}: ${published.length} published, ${expected.length} in the journal`];
  return published.flatMap((trade, index) => {
    const event = expected[index] as JournalEvent;
    const same =
      trade.price === exactValue(event.price) &&
      trade.quantity === exactValue(event.quantity) &&
      trade.isBuyerMaker === (event.side === 'sell') &&
      trade.timestamp === event.time &&
      (trade.kind !== 'agg_trade' || trade.lastTradeId === event.last_trade_id);
    return same ? [] : [`${run}: ${JSON.stringify(trade)} is ${JSON.stringify(event)} in the journal`];
  });
}

function idOf(event: JournalEvent | undefined, kind: string): bigint {
  return BigInt((kind === 'agg_trade' ? event?.first_trade_id : event?.id) ?? -1);
}

function lastIdOf(trade: TradeEvent | AggTrade | undefined): bigint {
  const id = trade?.kind === 'trade' ? (trade.lastTradeId ?? trade.tradeId) : trade?.tradeId;
  return BigInt(id ?? 0);
}

export function grouped<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  return Map.groupBy(items, key);
}
