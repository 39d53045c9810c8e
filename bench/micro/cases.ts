import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import avro from 'avsc';
import { asyncScheduler, map, type OperatorFunction, Subject } from 'rxjs';
import { encodeSingleObject } from '../../src/codec/wire-format.ts';
import type { TradeEvent } from '../../src/domain/record.ts';
import { compareIds } from '../../src/domain/trade-id.ts';
import type { RawFrame } from '../../src/domain/venue-event.ts';
import { publishStats } from '../../src/feed/analytics/publish-stats.ts';
import type { FeedEvent } from '../../src/feed/feed-event.ts';
import { OrderBook } from '../../src/market/book/order-book.ts';
import { LargeTrades } from '../../src/market/trades/large-trades.ts';
import { TradeHistory } from '../../src/market/trades/trade-history.ts';
import { TradeSums } from '../../src/market/trades/trade-sums.ts';
import { Volatility } from '../../src/market/trades/volatility.ts';
import {
  type ConditionReport,
  ContiguousSequence,
  circuitBreaker,
  conflate,
  deduplicate,
  detectStale,
  failover,
  repairGaps,
  requireFresh,
  retryBackoff,
  type SourceEvent,
  SparseSequence,
  windowStats,
} from '../../src/operators/index.ts';
import { type Change, generatedStream } from '../books/diff-stream.ts';
import { framesOf, instruments, tradeDecoder, tradesOfSymbols } from './frames.ts';

/** An operation that is measured alone. */
export interface Case {
  readonly group: 'decode' | 'encode' | 'operator' | 'order book' | 'statistics' | 'bare step';
  readonly title: string;
  /** Number of events in a round. */
  readonly events: number;
  /**
   * Creates fresh state for a round and returns the measured function, which is called with each index below `events`.
   * Its result is kept, so that V8 cannot skip the work.
   */
  readonly begin: () => (index: number) => unknown;
}

export const EVENTS = 10_000;
const MINUTE_MS = 60_000;

const trades = tradesOfSymbols(EVENTS);
const frames = { binance: framesOf('binance', trades), bybit: framesOf('bybit', trades) };
const trade = (index: number): TradeEvent => trades[index] as TradeEvent;
const keyOf = ({ symbol }: TradeEvent): string => symbol;
const timestampOf = ({ timestamp }: TradeEvent): number => timestamp;

/** The case of an operator. `event` makes its input for an index; `first` are inputs before the measurement. */
function operator<T>(
  title: string,
  made: () => OperatorFunction<T, unknown>,
  event: (index: number) => T,
  first: readonly T[] = [],
): Case {
  return {
    group: 'operator',
    title,
    events: EVENTS,
    begin: () => {
      const source = new Subject<T>();
      let last: unknown;
      source.pipe(made()).subscribe((value) => {
        last = value;
      });
      for (const value of first) source.next(value);
      return (index) => {
        source.next(event(index));
        return last;
      };
    },
  };
}

const valueEvents = trades.map(
  (value): SourceEvent<TradeEvent> => ({ kind: 'value', key: value.symbol, at: value.receivedAt, value }),
);
const report: ConditionReport<'feed'> = { source: 'feed', ok: true };
const idOf = ({ tradeId }: TradeEvent): number => Number(tradeId);

const operators: readonly Case[] = [
  operator<TradeEvent>('rxjs map and its Subject, for comparison', () => map((value) => value), trade),
  operator<TradeEvent>('deduplicate', () => deduplicate({ key: ({ tradeId }) => tradeId, size: 5000 }), trade),
  operator<TradeEvent>('detectStale', () => detectStale({ staleAfterMs: MINUTE_MS, isData: () => true }), trade),
  operator<TradeEvent>('requireFresh', () => requireFresh({ maxAgeMs: MINUTE_MS, onStale: 'halt' }), trade),
  operator<TradeEvent>(
    'retryBackoff',
    () => retryBackoff({ initialDelayMs: 1000, maxDelayMs: MINUTE_MS, isData: () => true }),
    trade,
  ),
  operator<TradeEvent>('conflate', () => conflate({ key: keyOf, everyMs: MINUTE_MS }), trade),
  operator<TradeEvent>('repairGaps, nothing missing', () => repairGaps(noGaps()), trade),
  operator<TradeEvent>(
    'windowStats that counts, windows of 1 s',
    () =>
      windowStats({
        windowMs: 1000,
        allowedLatenessMs: 2000,
        idleAfterMs: 5000,
        keyOf,
        timestampOf,
        create: () => 0,
        add: (count) => count + 1,
      }),
    trade,
  ),
  operator<SourceEvent<TradeEvent>>(
    'failover, the first of two sources serves',
    () => (first) =>
      failover(
        [
          { id: 'first', events$: first },
          { id: 'second', events$: new Subject() },
        ],
        {
          graceMs: 500,
          failBackAfterMs: 30_000,
          connectTimeoutMs: 10_000,

          ringSpan: 10_000_000,
        },
      ),
    (index) => valueEvents[index] as SourceEvent<TradeEvent>,
    [{ kind: 'connected' }],
  ),
  operator<ConditionReport<'feed'>>(
    'circuitBreaker, a report without a fault',
    () => circuitBreaker({ sources: { feed: {} }, resumeAfterMs: 0 }),
    () => report,
  ),
  {
    group: 'operator',
    title: 'ContiguousSequence',
    events: EVENTS,
    begin: () => {
      const sequence = new ContiguousSequence({ first: idOf, last: idOf, timestamp: timestampOf }, 1000);
      return (index) => sequence.next(0, trade(index)) || sequence.accept(0, trade(index), index);
    },
  },
  {
    group: 'operator',
    title: 'SparseSequence, one line',
    events: EVENTS,
    begin: () => {
      const access = { id: ({ tradeId }: TradeEvent) => tradeId, compare: compareIds, timestamp: timestampOf };
      const sequence = new SparseSequence(access, { window: 5000, recent: false, maxHeld: 1000 });
      sequence.joined(1);
      sequence.subscribed(1, 0);
      return (index) => sequence.accept(1, trade(index), index);
    },
  },
];

function noGaps() {
  return {
    first: idOf,
    timestamp: timestampOf,
    fetch: (): never => {
      throw new Error('nothing is missing');
    },
  };
}

const schemaFile = join(import.meta.dirname, '..', '..', 'schemas', 'trade-event.avsc');
const HEADER_BYTES = 10;

/** Encodes as bench/baseline/script.ts does, with every decimal cached: its lowest possible cost. */
function scriptsEncoder(): (frame: Buffer) => Buffer {
  const type = avro.Type.forSchema(JSON.parse(readFileSync(schemaFile, 'utf8')));
  const scratch = Buffer.alloc(4096);
  return (frame) => {
    const { data }: { data: ParsedTrade } = JSON.parse(frame.toString());
    // biome-ignore format: keeps the record on three lines
    const record = {
      venue: 'binance', symbol: data.s, venue_symbol: data.s, coin: data.s.slice(0, -4), environment: 'simulated', epoch: 1,
      received_at: Date.now() * 1000, price: decimal(data.p), quantity: decimal(data.q), is_buyer_maker: data.m, timestamp: data.T,
      event_time: data.E, trade_id: String(data.t), last_trade_id: null, conditions: [], source: 'live', timestamp_us: null,
    };
    return Buffer.from(scratch.subarray(0, type.encode(record, scratch, HEADER_BYTES)));
  };
}

const decimals = new Map<string, Buffer>();

function decimal(text: string): Buffer {
  const known = decimals.get(text);
  if (known !== undefined) return known;
  const hex = (BigInt(text.replace('.', '')) * 10_000_000_000n).toString(16);
  const bytes = Buffer.from(hex.padStart(hex.length + (hex.length % 2 === 0 ? 2 : 1), '0'), 'hex');
  decimals.set(text, bytes);
  return bytes;
}

type ParsedTrade = Record<'s' | 'p' | 'q', string> & Record<'T' | 'E' | 't', number> & { m: boolean };

const decodes: readonly Case[] = (['binance', 'bybit'] as const).flatMap((venue): Case[] => {
  const frame = (index: number): RawFrame => frames[venue][index] as RawFrame;
  const texts = frames[venue].map(({ data }) => Buffer.from(data).toString());
  return [
    {
      group: 'decode',
      title: `decode a trade of ${venue}`,
      events: EVENTS,
      begin: () => {
        const decode = tradeDecoder(venue);
        return (index) => decode(frame(index));
      },
    },
    {
      group: 'decode',
      title: `JSON.parse of the same bytes, ${venue}`,
      events: EVENTS,
      begin: () => (index) => JSON.parse((frame(index).data as Buffer).toString()),
    },
    {
      group: 'decode',
      title: `JSON.parse of the same text, ${venue}`,
      events: EVENTS,
      begin: () => (index) => JSON.parse(texts[index] as string),
    },
  ];
});

const encodes: readonly Case[] = [
  {
    group: 'encode',
    title: 'encode a trade with its header',
    events: EVENTS,
    begin: () => (index) => encodeSingleObject(trade(index)),
  },
  {
    group: 'bare step',
    title: 'parse, map and encode a trade as the script does',
    events: EVENTS,
    begin: () => {
      const encode = scriptsEncoder();
      return (index) => encode(frames.binance[index]?.data as Buffer);
    },
  },
];

const BOOK_CHANGES = 1000;
const CHANGED_LEVELS = 20;
const books = generatedStream({ seed: 7, depth: 1000, size: CHANGED_LEVELS, changes: BOOK_CHANGES });

const book: Case = {
  group: 'order book',
  title: `change about ${CHANGED_LEVELS} levels of a book of 1,000`,
  events: BOOK_CHANGES,
  begin: () => {
    const own = new OrderBook();
    own.replace(books.start.bids, books.start.asks);
    return (index) => {
      const { bids, asks } = books.changes[index] as Change;
      own.apply(bids, asks);
      return own.bestBid;
    };
  },
};

const WINDOWS_MS = [1000, 60_000];

const statistics: readonly Case[] = [
  {
    group: 'statistics',
    title: 'all that the pipeline does: windows of 1 s and 60 s, large trades, volatility',
    events: EVENTS,
    begin: () => {
      const events$ = new Subject<FeedEvent>();
      const stages = {
        stats: {
          windowsMs: WINDOWS_MS,
          allowedLatenessMs: 2000,
          idleAfterMs: 5000,
          historyTrades: 1000,
          largeTradeThreshold: 10,
        },
        counts: 'trade',
        scheduler: asyncScheduler,
        watch: { uncounted: () => ({ blocks: 0, late: 0 }) },
      } as const;
      let records = 0;
      events$.pipe(publishStats(stages)).subscribe((output) => {
        records += output.records.length;
      });
      const begun = instruments.map(({ symbol }) => ({ symbol, epoch: 1 }));
      events$.next({ kind: 'epochs', venue: 'binance', at: 0, begun, records: [] });
      return (index) => {
        const one = trade(index);
        events$.next({ kind: 'data', symbol: one.symbol, epoch: 1, events: [one] });
        return records;
      };
    },
  },
  perTrade(
    'sums of a window',
    () => new TradeSums(),
    (sums, value) => sums.add(value),
  ),
  perTrade(
    'keep the last 1,000 trades',
    () => new TradeHistory({ size: 1000 }),
    (history, value) => history.add(value),
  ),
  perTrade(
    'large trades',
    () => new LargeTrades({ threshold: 10 }),
    (large, value) => large.next(value),
  ),
  perTrade(
    'volatility',
    () => new Volatility(),
    (volatility, value) => volatility.add(value.price, value.timestamp),
  ),
];

function perTrade<S>(title: string, make: () => S, add: (own: S, value: TradeEvent) => unknown): Case {
  return {
    group: 'statistics',
    title,
    events: EVENTS,
    begin: () => {
      const own = make();
      return (index) => add(own, trade(index));
    },
  };
}

export const CASES: readonly Case[] = [...decodes, ...encodes, ...operators, book, ...statistics];
