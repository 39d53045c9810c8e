import { join } from 'node:path';
import { canonicalDecimal, fromUnscaled, unscaled } from '../../src/domain/decimal.ts';
import type { BookTicker, FeedRecord, MarketFields, TradeEvent } from '../../src/domain/record.ts';
import { SimulatedMarket } from '../../src/simulator/market/market.ts';
import type { SimulatedInstrument } from '../../src/simulator/market/simulated-instrument.ts';
import { VENUE_SPECS } from '../../src/simulator/venue-spec.ts';
import { AvroFileSink } from '../../src/sinks/avro-file/sink.ts';
import type { OutRecord, Sink } from '../../src/sinks/contract.ts';
import { ParquetSink } from '../../src/sinks/parquet/sink.ts';
import { outRecords } from '../sinks/out-records.ts';

const MINUTE_MS = 60_000;
/** An hour around midnight UTC, so that there are two days. */
const START = Date.UTC(2026, 10, 24, 23, 30);
const END = START + 60 * MINUTE_MS;
/** From then on, the second venue serves all symbols. */
const SWITCH = START + 40 * MINUTE_MS;
const SYMBOLS = 4;
const TRADES_PER_SECOND = 1;
const SEED = 7;
/** One of so many trades is a block trade. */
const BLOCK_EVERY = 97;
/** One of so many records is a late trade, if it is a trade. */
const LATE_EVERY = 10;

/** The trades and book tickers of one hour and four symbols, in the order of their publication. The same at each call. */
export function recordedHour(): readonly (TradeEvent | BookTicker)[] {
  return [...recordsOf('bybit', 1, START, SWITCH), ...recordsOf('binance', 2, SWITCH, END)];
}

/** The trades, with one quantity larger by 10^-18, and without one trade. */
export function withFault(trades: readonly TradeEvent[]) {
  // A trade in the middle, whose price is above 1: its value changes by more than its quantity.
  const chosen = trades.filter(({ symbol }) => symbol === 'BTCUSDT')[700];
  const larger = (trade: TradeEvent) => ({ ...trade, quantity: fromUnscaled(unscaled(trade.quantity) + 1n) });
  return {
    changed: trades.map((trade) => (trade === chosen ? larger(trade) : trade)),
    shorter: trades.filter((trade) => trade !== chosen),
  };
}

/** A venue's trades, each order's with the book ticker that follows. At the end, the first symbol has no asks. */
function* recordsOf(venue: string, epoch: number, from: number, to: number): Generator<TradeEvent | BookTicker> {
  const spec = VENUE_SPECS.find(({ id }) => id === venue);
  if (spec === undefined) throw new Error(`no venue ${venue}`);
  const market = new SimulatedMarket({ spec, seed: SEED, symbols: SYMBOLS, rate: TRADES_PER_SECOND, startedAt: from });
  const timeOf = (): number => from + Math.floor((market.made * 1000) / TRADES_PER_SECOND);
  let records: (TradeEvent | BookTicker)[] = [];
  for (let time = from; time < to; time = timeOf()) {
    market.advance(1, time, (instrument, made) => {
      const fields = marketFields(instrument, { venue, epoch, time });
      const trades = made.map((trade, index): TradeEvent => {
        const { id, price, quantity, sell } = instrument.tradeTexts(trade);
        return {
          kind: 'trade',
          ...fields,
          price: decimal(price),
          quantity: decimal(quantity),
          isBuyerMaker: sell,
          timestamp: time,
          eventTime: null,
          tradeId: id,
          lastTradeId: null,
          conditions: (market.made + index) % BLOCK_EVERY === 0 ? ['block'] : [],
          source: 'live',
          timestampUs: null,
        };
      });
      records.push(...trades, bookTicker(instrument, fields));
    });
    yield* records;
    records = [];
  }
  const [instrument] = market.instruments;
  if (instrument === undefined) return;
  instrument.setWithdrawn('asks', true, to);
  yield bookTicker(instrument, marketFields(instrument, { venue, epoch, time: to - 1 }));
}

const marketFields = (
  { symbol, coin }: SimulatedInstrument,
  { venue, epoch, time }: { venue: string; epoch: number; time: number },
): MarketFields => ({
  venue,
  symbol,
  venueSymbol: symbol,
  coin,
  environment: 'production',
  epoch,
  receivedAt: (time + 3) * 1000,
});

function bookTicker(instrument: SimulatedInstrument, fields: MarketFields): BookTicker {
  const { bid, bidQuantity, ask, askQuantity } = instrument.bestTexts();
  const hasAsks = !instrument.withdrawn.has('asks');
  return {
    kind: 'book_ticker',
    ...fields,
    bidPrice: decimal(bid),
    bidQuantity: decimal(bidQuantity),
    askPrice: hasAsks ? decimal(ask) : null,
    askQuantity: hasAsks ? decimal(askQuantity) : null,
    updateId: `${instrument.updateId}`,
    timestamp: null,
    timestampUs: null,
  };
}

function decimal(text: string): string {
  const canonical = canonicalDecimal(text);
  if (canonical === undefined) throw new Error(`${text} is not a decimal`);
  return canonical;
}

/**
 * Writes records as the feed's sinks do: Avro files in DIR/data, Parquet files in DIR/data/parquet. In the Parquet files,
 * some trades are late trades.
 */
export async function writeFiles(dir: string, records: readonly FeedRecord[]): Promise<void> {
  const options = { rotateMb: 64, rotateMinutes: 60, now: () => END };
  const data = join(dir, 'data');
  await write(new AvroFileSink({ ...options, dir: data, codec: 'deflate' }), outRecords(...records));
  const closeTimeoutMs = Number.POSITIVE_INFINITY;
  const withLate = outRecords(...records).map((out, index) =>
    out.topic === 'trades' && index % LATE_EVERY === 0 ? { ...out, topic: 'late-trades' } : out,
  );
  await write(new ParquetSink({ ...options, dir: join(data, 'parquet'), closeTimeoutMs }), withLate);
}

/** Writes records into a sink, from its opening to its close. @throws Error if it does not take all of them */
export async function write(sink: Sink, records: readonly OutRecord[]): Promise<void> {
  await sink.open();
  const outcomes = await sink.write(records);
  await sink.close();
  if (outcomes.some(({ kind }) => kind !== 'delivered')) throw new Error('a record was not delivered');
}
