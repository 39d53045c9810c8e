import { describe, expect, it } from 'vitest';
import type { Gap, TradeEvent, TradeStats } from '../../../src/domain/record.ts';
import type { PreviousTrades } from '../../../src/feed/analytics/stats-epoch.ts';
import type { TradeStatsOptions } from '../../../src/feed/feed-options.ts';
import { gapRecord, tradeEvent } from '../../../testing/judges/events.ts';
import { type StatsRecord, StatsStages } from './stats-stages.ts';

const T0 = 1_723_161_240_000;

/** A trade of a symbol; `at` in seconds after T0, by both clocks. */
function trade(at: number, fields: Partial<TradeEvent> = {}): TradeEvent {
  const timestamp = T0 + Math.round(at * 1000);
  return tradeEvent(timestamp, { timestamp, receivedAt: timestamp * 1000, epoch: 1, ...fields });
}

function gap(from: number, to: number, fields: Partial<Gap> = {}): Gap {
  return gapRecord({ fromTime: T0 + from * 1000, toTime: T0 + to * 1000, ...fields });
}

/** A record as text. `BTC 3+1: 2` is a window of BTC from second 3 that lasts one second and has two trades. */
function text(record: StatsRecord): string {
  if (record.kind === 'large_trade') return `${record.coin} large ${record.multiple}`;
  const { coin, windowStart, windowMs, trades, complete } = record;
  return `${coin} ${(windowStart - T0) / 1000}+${windowMs / 1000}: ${trades}${complete ? '' : ' incomplete'}`;
}

/**
 * The statistics stages of a feed, with a clock in seconds after T0. `records` and `output` return what the stages
 * published since the last call of either.
 */
class Desk {
  now = 0;
  readonly #options: TradeStatsOptions;
  readonly #recent: PreviousTrades[] = [];
  #stages: StatsStages | undefined;
  #records: StatsRecord[] = [];

  constructor(options: Partial<TradeStatsOptions> = {}) {
    this.#options = {
      windowsMs: [1000],
      allowedLatenessMs: 2000,
      idleAfterMs: 5000,
      historyTrades: 1000,
      largeTradeThreshold: 10,
      ...options,
    };
  }

  /** `records` as text. */
  get output(): string[] {
    return this.records.map(text);
  }

  get records(): StatsRecord[] {
    return this.#records.splice(0);
  }

  get counts(): { readonly blocks: number; readonly late: number } {
    return this.#started.watch.uncounted();
  }

  /** True if no window is open or held. */
  get isIdle(): boolean {
    return this.#started.scheduler.waiting === 0;
  }

  /** Restores recent records. Call it before the first event. */
  restore(recent: PreviousTrades): void {
    this.#recent.push(recent);
  }

  get #started(): StatsStages {
    const onRecord = (record: StatsRecord) => {
      if (record.symbol !== 'OTHER') this.#records.push(record);
    };
    this.#stages ??= new StatsStages(this.#options, onRecord, Math.round(this.now * 1000), this.#recent);
    return this.#stages;
  }

  /** Advances the time and runs what is due. */
  at(seconds: number): this {
    this.now = seconds;
    const { scheduler } = this.#stages ?? {};
    scheduler?.advance(Math.max(0, Math.round(seconds * 1000) - scheduler.now()));
    return this;
  }

  /** Delivers an hour-old trade of another coin, because windows just after a venue's first trade are incomplete. */
  #delivered(venue: string): void {
    this.#started.began('OTHER', { venue, epoch: 1, at: 0 });
    this.#started.trade('OTHER', trade(this.now - 3600, { venue, symbol: 'OTHER' }));
    this.#started.ended('OTHER');
  }

  /** Starts an epoch of coins at a venue, by default an hour ago. The coins had no trade since. */
  began(coins: string, { venue = 'binance', epoch = 1, ago = 3600 } = {}): this {
    if (ago === 3600) this.#delivered(venue);
    for (const coin of coins.split(' '))
      this.#started.began(`${coin}USDT`, { venue, epoch, at: T0 + (this.now - ago) * 1000 });
    return this;
  }

  /** Delivers trades of a coin with these timestamps, now, in one burst. */
  put(coin: string, times: readonly number[], fields: Partial<TradeEvent> = {}): this {
    const symbol = `${coin}USDT`;
    for (const time of times)
      this.#started.trade(symbol, trade(time, { coin, symbol, venueSymbol: symbol, ...fields }));
    return this;
  }

  /** Delivers each trade of a coin at its time. */
  live(coin: string, ...times: readonly number[]): this {
    for (const time of times) this.at(time).put(coin, [time]);
    return this;
  }

  hold(coin: string, fromTime: number, toId = 'x'): this {
    this.#started.pending(`${coin}USDT`, toId, gap(fromTime, fromTime));
    return this;
  }

  /** Reports that no line carries trades of the coin from this second on. */
  noLine(coin: string, fromTime: number): this {
    this.#started.noLine(`${coin}USDT`, T0 + fromTime * 1000);
    return this;
  }

  release(coin: string, toId = 'x'): this {
    this.#started.closed(`${coin}USDT`, toId);
    return this;
  }

  ended(coin: string): this {
    this.#started.ended(`${coin}USDT`);
    return this;
  }

  gap(coin: string, from: number, to: number, fields: Partial<Gap> = {}): this {
    this.#started.closed(`${coin}USDT`, 'published', gap(from, to, { symbol: `${coin}USDT`, ...fields }));
    return this;
  }
}

describe('publishStats: windows', () => {
  it("closes windows of all symbols when the venue's event time passes their end plus the lateness", () => {
    const desk = new Desk().began('BTC ETH').live('BTC', 0.1, 0.5).live('ETH', 0.9, 2.9);
    expect(desk.output).toEqual([]);
    desk.live('ETH', 3);
    expect(desk.output).toEqual(['BTC 0+1: 2', 'ETH 0+1: 1']);
  });

  it('publishes the statistics of all trades of a window, with the `receivedAt` of the last one', () => {
    const desk = new Desk().began('BTC');
    desk.at(0.1).put('BTC', [0.1], { price: '100', quantity: '3', isBuyerMaker: false });
    desk.at(0.2).put('BTC', [0.2], { price: '104', quantity: '1' });
    const [record] = desk.live('BTC', 3).records;
    expect(record).toEqual({
      kind: 'trade_stats',
      venue: 'binance',
      symbol: 'BTCUSDT',
      venueSymbol: 'BTCUSDT',
      coin: 'BTC',
      environment: 'production',
      epoch: 1,
      receivedAt: (T0 + 200) * 1000,
      windowMs: 1000,
      windowStart: T0,
      windowEnd: T0 + 1000,
      trades: 2,
      buyTrades: 1,
      sellTrades: 1,
      volume: '4',
      buyVolume: '3',
      sellVolume: '1',
      value: '404',
      buyValue: '300',
      sellValue: '104',
      vwap: '101',
      open: '100',
      high: '104',
      low: '100',
      close: '104',
      averageQuantity: '2',
      buyRatioVolume: 0.75,
      buyRatioCount: 0.5,
      flow: 'strong_buy',
      volatility: null,
      complete: true,
      revision: 0,
    });
  });

  it('publishes windows of each length', () => {
    const desk = new Desk({ windowsMs: [1000, 5000] }).began('BTC').live('BTC', 1, 1.5, 4.2, 7);
    expect(desk.output).toEqual(['BTC 1+1: 2', 'BTC 4+1: 1', 'BTC 0+5: 3']);
  });

  it('does not close a window by trades of another venue', () => {
    const desk = new Desk().began('BTC').began('ETH', { venue: 'bybit' }).live('BTC', 0.5).live('ETH', 4.5);
    expect(desk.output).toEqual([]);
  });

  it('counts a late trade, but adds it to no window', () => {
    const desk = new Desk().began('BTC').live('BTC', 0.5, 3.5).put('BTC', [0.6, 1.5]);
    expect(desk.counts).toEqual({ late: 1, blocks: 0 });
    expect(desk.at(20).output).toEqual(['BTC 0+1: 1', 'BTC 1+1: 1', 'BTC 3+1: 1']);
  });

  it('counts a trade once that is late for windows of several lengths', () => {
    const desk = new Desk({ windowsMs: [1000, 2000, 60_000] }).began('BTC').live('BTC', 0.5, 8.5).put('BTC', [0.6]);
    expect(desk.counts.late).toBe(1);
  });

  it('closes windows in an idle market after the lateness plus 5 s without a trade of the venue', () => {
    const desk = new Desk().began('BTC ETH').live('BTC', 0.5).live('ETH', 0.9);
    expect(desk.at(7.8).output).toEqual([]);
    expect(desk.at(7.9).output).toEqual(['BTC 0+1: 1', 'ETH 0+1: 1']);
    expect(desk.at(3600).output).toEqual([]);
    expect(desk.isIdle).toBe(true);
  });

  it('leaves block trades out but counts them, and counts each fetched or aggregated trade as one', () => {
    const desk = new Desk().began('BTC').live('BTC', 0.1);
    desk.put('BTC', [0.2], { conditions: ['block'], quantity: '1000' });
    desk.put('BTC', [0.3], { source: 'backfill', conditions: ['rpi'] });
    desk.put('BTC', [0.4], { conditions: ['aggregated'], lastTradeId: String(T0 + 10_000) });
    expect(desk.at(20).output).toEqual(['BTC 0+1: 3']);
    expect(desk.counts).toEqual({ late: 0, blocks: 1 });
  });

  it("computes the volatility from the minutes closed at the window's end, in any order of trades", () => {
    const minutes = Array.from({ length: 33 }, (_, minute) => minute);
    const price = (minute: number): string => (minute % 2 === 0 ? '100' : '110');
    const volatilities = (order: (minute: number) => readonly [number, string][]): unknown[] => {
      const desk = new Desk().began('BTC');
      for (const minute of minutes)
        for (const [second, at] of order(minute))
          desk.at(minute * 60 + 10).put('BTC', [minute * 60 + second], { price: at });
      return desk.at(4000).records.map((record) => (record.kind === 'trade_stats' ? record.volatility : record));
    };
    const inOrder = volatilities((minute) => [
      [0, '1'],
      [1, price(minute)],
    ]);
    expect(inOrder).toEqual(
      volatilities((minute) => [
        [1, price(minute)],
        [0, '1'],
      ]),
    );
    // 29 returns of ln 1.1, up and down in turn: 15 of one sign, 14 of the other, so the mean is ±r/29.
    const r = Math.log(1.1);
    const deviation = Math.sqrt((15 * (r - r / 29) ** 2 + 14 * (r + r / 29) ** 2) / 28);
    expect(inOrder.slice(0, 60)).toEqual(Array(60).fill(null));
    expect(inOrder.slice(60)).toEqual(Array(6).fill(expect.closeTo(deviation, 12)));
  });
});

describe('publishStats: the first windows of an epoch', () => {
  it('are incomplete for each length', () => {
    const desk = new Desk({ windowsMs: [1000, 5000] }).began('BTC', { ago: 0 }).live('BTC', 0.5, 1.5, 5.5, 9.9);
    expect(desk.at(30).output).toEqual([
      'BTC 0+1: 1 incomplete',
      'BTC 1+1: 1',
      'BTC 0+5: 2 incomplete',
      'BTC 5+1: 1',
      'BTC 9+1: 1',
      'BTC 5+5: 2',
    ]);
  });

  it('are complete if the first trade comes more than 10 s after the beginning', () => {
    const desk = new Desk().began('BTC ETH SOL', { ago: 0 }).live('BTC', 0.5).live('ETH', 9.9).live('SOL', 13.5);
    expect(desk.at(30).output).toEqual(['BTC 0+1: 1 incomplete', 'ETH 9+1: 1 incomplete', 'SOL 13+1: 1']);
  });

  it('are incomplete if they contain the beginning, even if the first trade comes late', () => {
    const desk = new Desk({ windowsMs: [60_000] }).began('BTC ETH', { ago: 0 }).live('BTC', 0.5).live('ETH', 33.5, 60);
    expect(desk.at(200).output).toEqual(['BTC 0+60: 1 incomplete', 'ETH 0+60: 1 incomplete', 'ETH 60+60: 1']);
  });

  it("are incomplete just after the venue's first trade, even if the epoch began long before", () => {
    const desk = new Desk().began('BTC ETH', { ago: 1000 }).live('BTC', 0.5).live('ETH', 5.5);
    expect(desk.at(30).output).toEqual(['BTC 0+1: 1 incomplete', 'ETH 5+1: 1 incomplete']);
  });
});

describe('publishStats: a switch of the venue', () => {
  it('closes all windows of the epoch at once, as incomplete, and publishes them only once', () => {
    const desk = new Desk({ windowsMs: [1000, 5000] }).began('BTC ETH').live('BTC', 0.5, 1.5).live('ETH', 1.6);
    desk.began('BTC', { venue: 'bybit', epoch: 2 });
    const closed = ['BTC 0+1: 1 incomplete', 'BTC 1+1: 1 incomplete', 'BTC 0+5: 2 incomplete'];
    expect(desk.output).toEqual(closed);
    expect(desk.at(100).output).toEqual(['ETH 1+1: 1', 'ETH 0+5: 1']);
  });

  it('publishes separate windows for each epoch, also for the same time', () => {
    const desk = new Desk({ windowsMs: [60_000] }).began('BTC', { ago: 0 }).live('BTC', 0.5);
    desk.began('BTC', { venue: 'bybit', epoch: 2, ago: 0 }).put('BTC', [1.5], { venue: 'bybit', epoch: 2 });
    desk.began('BTC', { epoch: 3, ago: 0 }).put('BTC', [2.5], { epoch: 3 });
    const records = desk.at(100).records as TradeStats[];
    expect(records.map(({ venue, epoch, trades, complete }) => [venue, epoch, trades, complete])).toEqual([
      ['binance', 1, 1, false],
      ['bybit', 2, 1, false],
      ['binance', 3, 1, false],
    ]);
  });

  it("counts the standby's buffered trades though the venue's event time is past their windows", () => {
    const desk = new Desk().began('SOL').live('SOL', 1, 8, 9, 9.5);
    expect(desk.output).toEqual(['SOL 1+1: 1']);
    desk.began('BTC ETH', { epoch: 2, ago: 0 });
    desk.put('BTC', [3.1, 4.2, 9.6]).put('ETH', [3.3, 4.4, 9.7]);
    expect(desk.output).toEqual([]);
    desk.at(9.6);
    expect(desk.output).toEqual(['BTC 3+1: 1 incomplete', 'BTC 4+1: 1', 'ETH 3+1: 1 incomplete', 'ETH 4+1: 1']);
    expect(desk.counts.late).toBe(0);
  });

  it('waits at most 10 s for the first trades of a symbol', () => {
    const desk = new Desk().began('SOL').live('SOL', 1).began('BTC ETH', { epoch: 2, ago: 0 });
    desk.at(9).put('BTC', [2.5]).live('SOL', 10.9).at(11.1);
    desk.put('ETH', [2.5]);
    expect(desk.counts.late).toBe(1);
    expect(desk.output).toEqual(['SOL 1+1: 1', 'BTC 2+1: 1 incomplete']);
  });

  it('ignores trades and gaps of a symbol without an epoch', () => {
    const desk = new Desk().live('BTC', 0.5).hold('BTC', 0.5).release('BTC').gap('BTC', 0, 1).ended('BTC').at(100);
    expect(desk.output).toEqual([]);
    expect(desk.isIdle).toBe(true);
  });
});

describe('publishStats: a symbol that is followed again', () => {
  it('publishes no interrupted window again, but complete windows after its first trade', () => {
    const desk = new Desk({ windowsMs: [1000, 5000] }).began('BTC').live('BTC', 0.5, 2.5).ended('BTC').live('BTC', 2.6);
    expect(desk.output).toEqual(['BTC 0+1: 1 incomplete', 'BTC 2+1: 1 incomplete', 'BTC 0+5: 2 incomplete']);
    desk.at(2.7).began('BTC', { ago: 0 }).live('BTC', 2.8, 4.5, 5.5, 6.5).at(100);
    expect(desk.output).toEqual(['BTC 4+1: 1', 'BTC 5+1: 1', 'BTC 6+1: 1', 'BTC 5+5: 2']);
    expect(desk.counts.late).toBe(2);
  });

  it('publishes no interrupted window again, even if trades of it are fetched later', () => {
    const desk = new Desk().began('BTC ETH').live('BTC', 0.5).ended('BTC').live('ETH', 0.6, 4, 5);
    expect(desk.output).toEqual(['BTC 0+1: 1 incomplete', 'ETH 0+1: 1']);
    desk.began('BTC', { ago: 0 }).put('BTC', [0.9, 1.1, 4.5]).at(100);
    expect(desk.output.filter((line) => line.startsWith('BTC'))).toEqual(['BTC 1+1: 1', 'BTC 4+1: 1']);
  });

  it('leaves the windows of the other coins of its venue open', () => {
    const desk = new Desk({ windowsMs: [60_000] }).began('BTC ETH').live('ETH', 5).live('BTC', 10.5).live('ETH', 10.8);
    desk.ended('BTC').at(11).began('BTC', { ago: 0 }).live('BTC', 11.2).live('ETH', 20, 30, 40, 50);
    expect(desk.output).toEqual(['BTC 0+60: 1 incomplete']);
    expect(desk.live('ETH', 70).at(200).output).toEqual(['ETH 0+60: 6', 'ETH 60+60: 1']);
    expect(desk.counts.late).toBe(1);
  });

  it('keeps the mean quantity for large trades, but not the minutes for the volatility', () => {
    const desk = new Desk({ windowsMs: [60_000] }).began('BTC');
    for (let minute = 0; minute < 30; minute++)
      for (const second of [1, 2, 3, 4]) desk.live('BTC', minute * 60 + second);
    const found = () =>
      desk.records.map((one) => (one.kind === 'large_trade' ? `large ${one.multiple}` : one.volatility !== null));
    expect(found()).not.toContain(true);
    desk.ended('BTC').began('BTC').live('BTC', 1900, 1930, 2100).put('BTC', [2100], { quantity: '10' });
    expect(found()).toEqual([true, false, false, 'large 500']);
    desk.began('BTC', { venue: 'bybit', epoch: 2 }).began('BTC', { epoch: 3 });
    desk.put('BTC', [2200], { quantity: '90' }).ended('BTC');
    expect(found()).toEqual([false, false]);
  });
});

describe('publishStats: a gap', () => {
  const whole = (desk: Desk): string[] =>
    desk.at(1000).output.flatMap((line) => (line.endsWith('incomplete') ? [line.split(':')[0] ?? ''] : []));
  const seconds = [0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5];

  it.each([
    ['before the trades that follow it', 2],
    ['after the first trade that follows it', 4],
  ])('makes each window that it touches incomplete if it is published %s', (_, at) => {
    const desk = new Desk({ windowsMs: [1000, 5000] }).began('BTC');
    for (const second of seconds) {
      desk.live('BTC', second);
      if (Math.floor(second) === at) desk.gap('BTC', 2.5, 4.5);
    }
    expect(whole(desk)).toEqual(['BTC 2+1', 'BTC 3+1', 'BTC 4+1', 'BTC 0+5']);
  });

  it.each([
    ['that was repaired', { outcome: 'repaired' }],
    ['of another epoch', { epoch: 7 }],
  ] as const)('%s makes no window incomplete', (_, fields) => {
    const desk = new Desk().began('BTC').live('BTC', ...seconds);
    expect(whole(desk.gap('BTC', 5.5, 6.5, fields))).toEqual([]);
  });

  it('without an end makes windows incomplete (restarted trade ids in mode all)', () => {
    const desk = new Desk().began('BTC', { epoch: 0 }).live('BTC', ...seconds);
    expect(whole(desk.gap('BTC', 5.5, 6.5, { epoch: 0, toId: null, outcome: 'unknown' }))).toEqual([
      'BTC 5+1',
      'BTC 6+1',
    ]);
  });

  it('affects only windows of its symbol', () => {
    const desk = new Desk().began('BTC ETH').live('BTC', 5.5).live('ETH', 5.6).gap('BTC', 5.1, 5.2);
    expect(whole(desk)).toEqual(['BTC 5+1']);
  });
});

describe('publishStats: a symbol with a pending gap', () => {
  /** BTC has a trade at 2.5 s, and then a pending gap. ETH has trades at 3 s and 4 s. */
  const underRepair = (): Desk => {
    const desk = new Desk().began('BTC ETH').live('BTC', 0.5, 1.5, 2.5).live('ETH', 3, 4);
    expect(desk.output).toEqual(['BTC 0+1: 1', 'BTC 1+1: 1']);
    return desk.hold('BTC', 2.5);
  };

  it('holds its windows, and counts fetched and waiting trades in them when the gap closes', () => {
    const desk = underRepair().live('ETH', 6, 8, 9.5);
    expect(desk.output).toEqual(['ETH 3+1: 1', 'ETH 4+1: 1', 'ETH 6+1: 1']);
    desk.release('BTC').put('BTC', [2.7, 3.5], { source: 'backfill' }).put('BTC', [5.5, 9.4]);
    expect(desk.output).toEqual([]);
    expect(desk.at(9.6).output).toEqual(['BTC 2+1: 2', 'BTC 3+1: 1', 'BTC 5+1: 1']);
    expect(desk.counts.late).toBe(0);
    expect(desk.at(30).output).toEqual(['ETH 8+1: 1', 'ETH 9+1: 1', 'BTC 9+1: 1']);
  });

  it('counts trades as late that were late before the gap', () => {
    const desk = underRepair().at(6).release('BTC').put('BTC', [0.7, 1.9]);
    expect(desk.counts.late).toBe(2);
  });

  it('has incomplete windows if the repair failed', () => {
    const desk = underRepair().live('ETH', 9).release('BTC').gap('BTC', 2.5, 5.5).put('BTC', [5.5, 6.5]);
    const btc = desk.at(30).output.filter((line) => line.startsWith('BTC'));
    expect(btc).toEqual(['BTC 2+1: 1 incomplete', 'BTC 5+1: 1 incomplete', 'BTC 6+1: 1']);
  });

  it('holds its windows for 10 s at most: then they are incomplete, and later trades of them are late', () => {
    const desk = underRepair().live('ETH', 13.9);
    desk.records;
    expect(desk.at(14).output).toEqual(['BTC 2+1: 1 incomplete']);
    desk.live('ETH', 14.5).release('BTC').put('BTC', [2.7, 3.5, 12.9, 14.6]);
    expect(desk.counts.late).toBe(2);
    expect(desk.at(30).output.filter((line) => line.startsWith('BTC'))).toEqual(['BTC 12+1: 1', 'BTC 14+1: 1']);
  });

  it('holds its windows while any of its gaps is pending', () => {
    const desk = underRepair().at(5).hold('BTC', 4.5, 'y').live('ETH', 9).release('BTC', 'x').at(9.1);
    desk.put('BTC', [2.7, 4.5]).at(10).release('BTC', 'y').put('BTC', [4.6]);
    expect(desk.at(30).output.filter((line) => line.startsWith('BTC'))).toEqual(['BTC 2+1: 2', 'BTC 4+1: 2']);
  });

  it('publishes windows that are over as complete when it is unfollowed, and the others as incomplete', () => {
    const desk = new Desk().began('BTC ETH').live('BTC', 1.5, 2.5).live('ETH', 3.4).hold('BTC', 2.5).live('ETH', 4.5);
    desk.records;
    desk.ended('BTC');
    expect(desk.output).toEqual(['BTC 1+1: 1', 'BTC 2+1: 1 incomplete']);
    expect(desk.at(100).output).toEqual(['ETH 3+1: 1', 'ETH 4+1: 1']);
  });

  it('holds its windows for 10 s even in an idle market', () => {
    const desk = new Desk().began('BTC').live('BTC', 0.5).at(1).hold('BTC', 0.5);
    expect(desk.at(10.9).output).toEqual([]);
    expect(desk.at(11).output).toEqual(['BTC 0+1: 1 incomplete']);
  });
});

describe('publishStats: a symbol that no line carries', () => {
  it('holds its windows for at most 10 s while other symbols of its venue trade', () => {
    const desk = new Desk().began('BTC ETH').live('BTC', 0.5).live('ETH', 0.9).at(1).noLine('BTC', 0.5);
    desk.live('ETH', 5, 9);
    expect(desk.output.filter((line) => line.startsWith('BTC'))).toEqual([]);
    expect(desk.at(11).output).toContain('BTC 0+1: 1 incomplete');
  });

  it('closes its windows as incomplete in an idle market', () => {
    const desk = new Desk().began('BTC').live('BTC', 0.5).at(5).noLine('BTC', 0.5);
    expect(desk.at(7.4).output).toEqual([]);
    expect(desk.at(7.5).output).toEqual(['BTC 0+1: 1 incomplete']);
  });
});

describe('publishStats: a start that resumes an epoch', () => {
  const previousOf = (times: readonly number[], rest: Partial<PreviousTrades> = {}): PreviousTrades => ({
    symbol: 'BTCUSDT',
    venue: 'binance',
    epoch: 1,
    trades: times.map((time) => trade(time)),
    publishedTo: Number.NEGATIVE_INFINITY,
    windows: [],
    gaps: [],
    knownFrom: Number.NEGATIVE_INFINITY,
    audits: [],
    ...rest,
  });
  const published = (windowMs: number, second: number, close = '100') => {
    const windowStart = T0 + second * 1000;
    return { windowMs, windowStart, windowEnd: windowStart + windowMs, close };
  };
  const times = [0.5, 58.5, 59.5, 60.5, 61.5];
  /** The windows of second 58 and of minute 0 are the last published ones. */
  const windows = [published(1000, 57), published(1000, 58), published(60_000, 0)];
  const started = (previous: PreviousTrades): Desk => {
    const desk = new Desk({ windowsMs: [1000, 60_000] }).at(70);
    desk.restore(previous);
    return desk.began('BTC ETH', { ago: 0 });
  };
  const ofBtc = (desk: Desk): string[] => desk.at(1000).output.filter((line) => line.startsWith('BTC'));

  it('publishes the remaining windows once, with the previous and the new trades', () => {
    const desk = started(previousOf(times, { windows })).at(71).put('BTC', [61.7, 70.5]);
    expect(ofBtc(desk)).toEqual(['BTC 59+1: 1', 'BTC 60+1: 1', 'BTC 61+1: 2', 'BTC 70+1: 1', 'BTC 60+60: 4']);
    expect(desk.counts).toEqual({ late: 0, blocks: 0 });
  });

  it('waits for the first trade of the symbol, and for the repair of the gap before it', () => {
    const desk = started(previousOf(times, { windows })).live('ETH', 71, 75).hold('BTC', 61.5).live('ETH', 80.5);
    expect(desk.output.filter((line) => line.startsWith('BTC'))).toEqual([]);
    desk.at(82).release('BTC').put('BTC', [62.5, 81.5]);
    expect(ofBtc(desk)).toEqual([
      'BTC 59+1: 1',
      'BTC 60+1: 1',
      'BTC 61+1: 1',
      'BTC 62+1: 1',
      'BTC 81+1: 1',
      'BTC 60+60: 4',
    ]);
  });

  it('publishes its windows after 10 s without a trade, as incomplete from the last trade on', () => {
    const desk = started(previousOf(times, { windows })).live('ETH', 71, 75, 79.9);
    expect(desk.at(80).output.filter((line) => line.startsWith('BTC'))).toEqual([
      'BTC 59+1: 1',
      'BTC 60+1: 1',
      'BTC 61+1: 1 incomplete',
    ]);
    // No trade was missing in between, so the minute is complete.
    expect(ofBtc(desk.live('BTC', 90.5))).toEqual(['BTC 90+1: 1', 'BTC 60+60: 3']);
  });

  it('marks a window as incomplete that begins before the trades that were read', () => {
    const desk = started(previousOf(times.slice(3), { windows }))
      .at(71)
      .put('BTC', [71]);
    expect(ofBtc(desk)).toEqual(['BTC 60+1: 1 incomplete', 'BTC 61+1: 1', 'BTC 71+1: 1', 'BTC 60+60: 3 incomplete']);
  });

  it('treats windows that ended long ago as published, even if they were not read', () => {
    const desk = started(previousOf(times, { publishedTo: T0 + 60_000 }))
      .at(71)
      .put('BTC', [71]);
    expect(ofBtc(desk)).toEqual(['BTC 60+1: 1', 'BTC 61+1: 1', 'BTC 71+1: 1', 'BTC 60+60: 3']);
  });

  it('marks windows as incomplete that contain a gap of the previous run', () => {
    const gaps = [gap(60.1, 60.5), gap(61.1, 61.2, { outcome: 'repaired' })];
    const desk = started(previousOf(times, { windows, gaps })).at(71).put('BTC', [71]);
    expect(ofBtc(desk)).toEqual([
      'BTC 59+1: 1',
      'BTC 60+1: 1 incomplete',
      'BTC 61+1: 1',
      'BTC 71+1: 1',
      'BTC 60+60: 3 incomplete',
    ]);
  });

  it('does not publish a window again if a late trade of it comes', () => {
    const desk = started(previousOf(times, { windows })).at(71).put('BTC', [58.9, 61.7]).at(72).put('BTC', [58.8]);
    expect(ofBtc(desk)).toEqual(['BTC 59+1: 1', 'BTC 60+1: 1', 'BTC 61+1: 2', 'BTC 60+60: 3']);
    expect(desk.counts.late).toBe(2);
  });

  it('resumes the volatility from the published minutes', () => {
    const minutes = Array.from({ length: 31 }, (_, n) => published(60_000, (n - 31) * 60, n % 2 === 0 ? '100' : '110'));
    const volatilityAfter = (kept: typeof minutes) => {
      const desk = new Desk({ windowsMs: [1000] }).at(2);
      desk.restore(previousOf([0.5], { windows: kept }));
      const closed = desk.began('BTC', { ago: 0 }).live('BTC', 2.5).at(5.5).live('BTC', 5.5).at(20).records;
      return closed.flatMap((record) => (record.kind === 'trade_stats' ? [record.volatility] : []))[0];
    };
    // The returns are ln 1.1 and −ln 1.1 in turn.
    expect(volatilityAfter(minutes)).toBeCloseTo(Math.log(1.1), 2);
    expect(volatilityAfter(minutes.slice(5))).toBeNull();
  });

  it('resumes the mean quantity for large trades, without block trades', () => {
    const previous = previousOf(Array.from({ length: 99 }, (_, n) => n / 2));
    const blocks = [trade(50, { conditions: ['block'], quantity: '900' })];
    const desk = started({ ...previous, trades: [...previous.trades, ...blocks] }).at(71);
    desk.put('BTC', [71], { quantity: '2' }).put('BTC', [71], { quantity: '2' });
    expect(desk.output.filter((line) => line.includes('large'))).toEqual(['BTC large 50.25125628140704']);
  });

  it.each([
    ['another epoch', { epoch: 2 }],
    ['another venue', { venue: 'bybit' }],
  ])('publishes nothing of the previous epoch if it begins with %s', (_, turn) => {
    const desk = new Desk().at(70);
    desk.restore(previousOf(times, { windows }));
    desk.began('BTC', turn).began('BTC', { epoch: 1 });
    expect(ofBtc(desk)).toEqual([]);
  });

  it('treats a previous epoch without trades like a new epoch', () => {
    const desk = started(previousOf([])).at(71).put('BTC', [71.5, 72.5]);
    expect(ofBtc(desk)).toEqual(['BTC 71+1: 1 incomplete', 'BTC 72+1: 1', 'BTC 60+60: 2 incomplete']);
  });
});

describe('publishStats: large trades', () => {
  it('have at least ten times the mean quantity of the epoch so far, without block trades', () => {
    const desk = new Desk().began('BTC');
    for (let n = 0; n < 100; n++) desk.at(n).put('BTC', [n], { quantity: '2' });
    desk.at(100).put('BTC', [100], { quantity: '30', conditions: ['block'] });
    desk.put('BTC', [100], { quantity: '19.9' });
    expect(desk.output.filter((line) => line.includes('large'))).toEqual([]);
    desk.put('BTC', [100.1], { quantity: '22', isBuyerMaker: false });
    const { kind: _, ...fields } = trade(100.1, { quantity: '22', isBuyerMaker: false });
    expect(desk.records).toEqual([
      {
        kind: 'large_trade',
        ...fields,
        averageQuantity: '2.177227722772277228',
        multiple: expect.closeTo(22 / (219.9 / 101), 12),
      },
    ]);
    desk.began('BTC', { epoch: 2 }).put('BTC', [100.2], { quantity: '9000' });
    expect(desk.output).toEqual(['BTC 98+1: 1 incomplete', 'BTC 99+1: 1 incomplete', 'BTC 100+1: 2 incomplete']);
  });

  it('include late trades', () => {
    const desk = new Desk({ historyTrades: 1 }).began('BTC').live('BTC', 0, 50).put('BTC', [1], { quantity: '0.2' });
    expect(desk.output).toEqual(['BTC 0+1: 1', 'BTC large 10']);
    expect(desk.counts.late).toBe(1);
  });
});
