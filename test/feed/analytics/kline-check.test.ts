import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FeedRecord, Gap, Kline, TradeEvent } from '../../../src/domain/record.ts';
import {
  agreementOf,
  KlineCheck,
  type KlineCheckOptions,
  subscribedKlines,
} from '../../../src/feed/analytics/kline-check.ts';
import { CandleSums } from '../../../src/market/candles/candle.ts';
import { aggTrade, gapRecord, kline, tradeEvent } from '../../../testing/judges/events.ts';

const MINUTE = 60_000;
const NO_CAUSES = { late_trade: 0, block_trade: 0, gap: 0, aggregated_backfill: 0, unexplained: 0 };

class Checked {
  readonly check: KlineCheck;
  #id = 0;

  constructor(more: Partial<KlineCheckOptions> = {}) {
    this.check = new KlineCheck({
      trades: 'trade',
      intervals: ['1m', '1h'],
      allowedLatenessMs: 0,
      contiguousVenues: new Set(['binance']),
      ...more,
    });
  }

  /** A trade of quantity 1 at price 100, at this second since 1970. */
  trade(second: number, fields: Partial<TradeEvent> = {}): this {
    this.check.published([trade(++this.#id, second * 1000, fields)]);
    return this;
  }

  /** The venue's closed candle of a minute, with this number of trades. */
  kline(minute: number, trades: number, fields: Partial<Kline> = {}): this {
    this.check.published([candle(minute * MINUTE, trades, fields)]);
    return this;
  }

  gap(from: number, to: number, fields: Partial<Gap> = {}): this {
    this.check.published([gap(from * 1000, to * 1000, fields)]);
    return this;
  }

  get minutes(): object | undefined {
    return agreementOf(this.check.counts, 'binance')['1m'];
  }
}

function trade(id: number, timestamp: number, fields: Partial<TradeEvent> = {}): TradeEvent {
  return tradeEvent(id, { price: '100', quantity: '1', timestamp, ...fields });
}

function candle(openTime: number, trades: number, fields: Partial<Kline> = {}): Kline {
  const prices = { open: '100', high: '100', low: '100', close: '100' };
  const sums = { volume: `${trades}`, quoteVolume: `${trades * 100}`, tradeCount: trades };
  return kline(openTime, openTime + MINUTE, { ...prices, ...sums, closed: true, ...fields });
}

function gap(fromTime: number, toTime: number, fields: Partial<Gap> = {}): Gap {
  return gapRecord({ epoch: 0, fromTime, toTime, ...fields });
}

describe('KlineCheck', () => {
  it("compares candles by symbol and interval, and attributes the first one's difference to a gap", () => {
    const checked = new Checked();
    checked.trade(30).kline(0, 5).trade(70).trade(80).kline(1, 2).trade(130).kline(2, 2).trade(190).trade(250);
    expect(checked.check.counts).toEqual([
      {
        ...{ venue: 'binance', symbol: 'BTCUSDT', interval: '1m', compared: 3, equal: 1 },
        causes: { ...NO_CAUSES, gap: 1, unexplained: 1 },
        fields: { open: 0, high: 0, low: 0, close: 0, volume: 2, quoteVolume: 2, tradeCount: 2 },
      },
    ]);
  });

  it('does not compare a candle again that the second line repeats', () => {
    const checked = new Checked().trade(0).kline(0, 1).trade(60).trade(120).trade(180).trade(240);
    expect(checked.kline(0, 1, { timestamp: 90_000 }).kline(0, 9, { closed: false }).minutes).toEqual({
      compared: 1,
      equal: 1,
    });
  });

  it("attributes differences of candles from before the venue's first candle to a gap", () => {
    const checked = new Checked()
      .trade(0)
      .trade(60)
      .trade(120)
      .kline(0, 1)
      .kline(1, 1)
      .kline(2, 1)
      .trade(180)
      .trade(240)
      .trade(300);
    expect(checked.kline(3, 1).minutes).toEqual({ compared: 4, equal: 2, gap: 2 });
  });

  it.each([
    [{}, { compared: 3, equal: 2, gap: 1 }],
    [
      { outcome: 'unknown', toId: null },
      { compared: 3, equal: 2, gap: 1 },
    ],
    [
      { outcome: 'repaired', filled: 1 },
      { compared: 3, equal: 2, unexplained: 1 },
    ],
  ] as const)('attributes a difference to a gap only if the gap is not repaired: %o', (fields, counts) => {
    const checked = new Checked().trade(0).kline(0, 1).trade(60).gap(60, 130, fields).kline(1, 2);
    expect(checked.trade(130).kline(2, 1).trade(190).trade(250).minutes).toEqual(counts);
  });

  it('ignores a gap of another epoch', () => {
    const resultOf = (checked: Checked) =>
      checked.trade(60).kline(1, 2).trade(120).kline(2, 1).trade(180).trade(240).minutes;
    const begun = () => new Checked().trade(0).kline(0, 1).trade(60);
    expect(resultOf(begun().gap(0, 50, { epoch: 7 }))).toEqual(resultOf(begun()));
  });

  it('treats the millisecond in which a gap ends as part of the gap', () => {
    const begun = new Checked().trade(60).kline(1, 2).trade(130).trade(190);
    expect(begun.minutes).toEqual({ compared: 1, equal: 0, gap: 1 });
    const later = new Checked().trade(0).kline(0, 1).gap(0, 60).trade(60).kline(1, 2).trade(130).trade(190);
    expect(later.minutes).toEqual({ compared: 2, equal: 1, gap: 1 });
  });

  it('starts again in each epoch, and keeps the counts', () => {
    const checked = new Checked();
    const second = { epoch: 2 };
    checked.trade(0).kline(0, 1).trade(60).kline(1, 1).trade(120);
    expect(checked.minutes).toEqual({ compared: 1, equal: 1 });
    // The candle of minute 2 has four trades, of which epoch 2 published only one, at 130 s.
    checked.trade(130, second).kline(2, 4, second).trade(190, second).kline(3, 1, second);
    expect(checked.minutes).toEqual({ compared: 2, equal: 2 });
    checked.trade(250, second).trade(310, second);
    expect(checked.minutes).toEqual({ compared: 4, equal: 3, gap: 1 });
  });

  it('counts late trades, block trades and aggregated backfill as separate causes', () => {
    const checked = new Checked({ allowedLatenessMs: 2000 });
    // The trade of 59 s is within the allowed lateness.
    checked.trade(0).kline(0, 2).trade(61.5).trade(59);
    checked
      .kline(1, 1)
      .trade(121)
      .trade(150, { conditions: ['block'], quantity: '40' })
      .kline(2, 41);
    checked.trade(181, { tradeId: '10', lastTradeId: '12', source: 'backfill' }).kline(3, 1, { open: '99' });
    // The trade of 290 s is too late.
    checked.trade(241).kline(4, 2).trade(303).trade(290).kline(5, 1);
    checked.trade(363).kline(6, 7).trade(423).trade(484);
    expect(checked.minutes).toEqual({
      ...{ compared: 7, equal: 3 },
      ...{ late_trade: 1, block_trade: 1, aggregated_backfill: 1, unexplained: 1 },
    });
  });

  it('counts all trades of an aggregated trade if ids are contiguous', () => {
    const checked = new Checked({ trades: 'agg_trade' });
    const records: FeedRecord[] = [aggTrade(1, 3), aggTrade(4, 4), aggTrade(5, 9)].map((one, index) => ({
      ...one,
      ...{ price: '100', quantity: '3', timestamp: index * MINUTE },
    }));
    checked.check.published([candle(0, 3), ...records]);
    checked.check.flush();
    expect(checked.minutes).toEqual({ compared: 1, equal: 1 });
  });

  it('explains every difference that lost trades, block trades and new epochs cause', () => {
    const steps = fc.array(
      fc.record({
        waitMs: fc.oneof(fc.integer({ min: 0, max: 30_000 }), fc.integer({ min: 0, max: 400_000 })),
        fate: fc.constantFrom('published', 'published', 'published', 'lost', 'block', 'epoch'),
        quantity: fc.integer({ min: 1, max: 9 }),
      }),
      { minLength: 20, maxLength: 120 },
    );
    let compared = 0;
    fc.assert(
      fc.property(steps, (all) => {
        const market = new LossyMarket();
        for (const step of all) market.trade(step);
        market.checked.check.flush();
        const { equal = 0, gap = 0, block_trade = 0, ...rest } = { compared: 0, ...market.checked.minutes };
        expect(rest).toEqual({ compared: equal + gap + block_trade });
        compared += rest.compared;
      }),
    );
    expect(compared).toBeGreaterThan(500);
  });
});

/** A venue, and a feed that loses some of its trades and restarts at times. */
class LossyMarket {
  readonly checked = new Checked({ intervals: ['1m'] });
  #candle: CandleSums | undefined;
  #time = 1_795_219_200_000;
  #id = 0;
  #epoch = 1;
  #last: TradeEvent | undefined;
  #lost = false;

  trade({
    waitMs,
    fate,
    quantity,
  }: {
    readonly waitMs: number;
    readonly fate: string;
    readonly quantity: number;
  }): void {
    this.#time += waitMs;
    const conditions = fate === 'block' ? ['block'] : [];
    const next = trade(++this.#id, this.#time, {
      quantity: `${quantity}`,
      price: `${100 + (this.#id % 5)}`,
      conditions,
    });
    this.#count(next);
    if (fate === 'epoch') {
      this.#epoch++;
      this.#last = undefined;
    }
    const { check } = this.checked;
    if (fate === 'lost') this.#lost = true;
    else {
      if (this.#lost && this.#last !== undefined)
        check.published([gap(this.#last.timestamp, next.timestamp, { epoch: this.#epoch })]);
      this.#lost = false;
      this.#last = next;
      check.published([{ ...next, epoch: this.#epoch }]);
    }
  }

  #count(next: TradeEvent): void {
    const openTime = next.timestamp - (next.timestamp % MINUTE);
    if (this.#candle !== undefined && this.#candle.openTime !== openTime) {
      const { openTime: of } = this.#candle;
      const closed = { ...this.#candle.toCandle('1m', true), epoch: this.#epoch };
      this.checked.check.published([kline(of, of + MINUTE, closed)]);
      this.#candle = undefined;
    }
    this.#candle ??= new CandleSums(openTime, openTime + MINUTE);
    this.#candle.add(next, 1);
  }
}

describe('subscribedKlines', () => {
  it.each([
    [['trade', 'agg_trade', 'kline_1m', 'kline_1s'], { trades: 'trade', intervals: ['1s', '1m'] }],
    [['agg_trade', 'kline_1M'], { trades: 'agg_trade', intervals: ['1M'] }],
    [['trade', 'ticker'], undefined],
    [['ticker', 'kline_1m'], undefined],
  ] as const)('returns the kind of trades and the intervals of the channels %j', (channels, expected) => {
    expect(subscribedKlines(channels)).toEqual(expected);
  });
});
