import { Fault } from '../../src/domain/fault.ts';
import type { DeadLetter, FeedRecord, Gap, Position, PriceTick, TradeEvent } from '../../src/domain/record.ts';
import type { Outcome, OutRecord, Recent, SeriesCheckpoint, Sink } from '../../src/sinks/contract.ts';
import { gapRecord } from '../../testing/judges/events.ts';

export const delivered: Outcome = { kind: 'delivered' };
export const retry = (afterMs?: number): Outcome => ({
  kind: 'retry',
  fault: new Fault('sink', 'not now', afterMs === undefined ? {} : { retry: { kind: 'after', afterMs } }),
});
export const rejected: Outcome = {
  kind: 'rejected',
  fault: new Fault('sink', 'too large', { retry: { kind: 'never' } }),
};

/** A sink whose batches the test answers, one by one or by a rule. */
export class FakeSink implements Sink {
  readonly name = 'fake';
  readonly batches: (readonly OutRecord[])[] = [];
  /** The results of the next calls of `open()`; empty: it succeeds. */
  readonly opening: (Error | Promise<void>)[] = [];
  opens = 0;
  closes = 0;
  troubleNow: string | undefined;
  /** Answers each batch at once. Without it, the test calls `answer`. */
  rule: ((batch: readonly OutRecord[]) => readonly Outcome[]) | undefined;
  #answers: ((outcomes: readonly Outcome[]) => void)[] = [];

  async open(): Promise<void> {
    this.opens++;
    const next = this.opening.shift();
    if (next instanceof Error) throw next;
    await next;
  }

  write(batch: readonly OutRecord[]): Promise<readonly Outcome[]> {
    this.batches.push(batch);
    if (this.rule !== undefined) return Promise.resolve(this.rule(batch));
    return new Promise((resolve) => this.#answers.push(resolve));
  }

  get underWay(): number {
    return this.#answers.length;
  }

  /** Answers the oldest pending batch, with one outcome for all records or one for each. */
  answer(outcome: Outcome | readonly Outcome[]): void {
    const resolve = this.#answers.shift();
    const batch = this.batches[this.batches.length - 1 - this.#answers.length];
    if (resolve === undefined || batch === undefined) throw new Error('no batch is under way');
    resolve(Array.isArray(outcome) ? outcome : batch.map(() => outcome as Outcome));
  }

  /** The result of `checkpoints`. */
  ended: readonly SeriesCheckpoint[] = [];

  async checkpoints(): Promise<readonly SeriesCheckpoint[]> {
    return this.ended;
  }

  /** The result of `recent`. */
  lately: Recent = { trades: [], windows: [], gaps: [], audits: [], whole: true };

  async recent(): Promise<Recent> {
    return this.lately;
  }

  async close(): Promise<void> {
    this.closes++;
    for (const resolve of this.#answers.splice(0)) resolve([]);
  }

  trouble(): string | undefined {
    return this.troubleNow;
  }
}

const market = {
  venue: 'binance',
  symbol: 'BTCUSDT',
  venueSymbol: 'BTCUSDT',
  coin: 'BTC',
  environment: 'simulated',
  epoch: 1,
  receivedAt: 1_732_000_000_000_000,
} as const;

const record = (topic: string, key: string, value: FeedRecord): OutRecord => ({ topic, key, record: value });

export function trade(id: number, symbol = 'BTCUSDT', over: Partial<TradeEvent> = {}): OutRecord {
  return record('trades', symbol, {
    ...market,
    kind: 'trade',
    symbol,
    price: '61837.63',
    quantity: '0.00292',
    isBuyerMaker: id % 2 === 0,
    timestamp: 1_732_000_000_000 + id,
    eventTime: null,
    tradeId: String(id),
    lastTradeId: null,
    conditions: [],
    source: 'live',
    timestampUs: null,
    ...over,
  });
}

export function tick(price: string, symbol = 'BTCUSDT', over: Partial<PriceTick> = {}): OutRecord {
  return record('prices', symbol, {
    ...market,
    kind: 'price',
    symbol,
    price,
    timestamp: 1_732_000_000_000,
    volume24h: null,
    quoteVolume24h: null,
    change24h: null,
    open24h: null,
    high24h: null,
    low24h: null,
    vwap24h: null,
    tradeCount24h: null,
    ...over,
  });
}

export function position(epoch: number, symbol = 'BTCUSDT', over: Partial<Position> = {}): OutRecord {
  return record('positions', `binance:${symbol}`, {
    kind: 'position',
    venue: 'binance',
    symbol,
    epoch,
    tradeId: null,
    timestamp: 1_732_000_000_000,
    environment: 'simulated',
    ...over,
  });
}

export function gap(fromId: number, toId: number, symbol = 'BTCUSDT', over: Partial<Gap> = {}): OutRecord {
  const ids = { fromId: String(fromId), toId: String(toId), missing: toId - fromId - 1 };
  return record('gaps', `binance:${symbol}`, gapRecord({ symbol, environment: 'simulated', ...ids, ...over }));
}

export function deadLetter(payload: Uint8Array, over: Partial<DeadLetter> = {}): OutRecord {
  return record('dead-letters', 'binance', {
    kind: 'dead_letter',
    venue: 'binance',
    receivedAt: 1_732_000_000_000_000,
    stage: 'decode',
    reason: 'no JSON',
    payload,
    environment: 'simulated',
    ...over,
  });
}

/** A record as short text: `t7` is trade 7, `p61` a tick at 61, `e2` the position record of epoch 2, `g` a gap. */
export function short({ record: value }: OutRecord): string {
  switch (value.kind) {
    case 'trade':
      return `t${value.tradeId}`;
    case 'price':
      return `p${value.price}`;
    case 'position':
      return `e${value.epoch}`;
    default:
      return value.kind;
  }
}

export function pushAll(driver: { push(record: OutRecord): void }, records: readonly OutRecord[]): void {
  for (const record of records) driver.push(record);
}
