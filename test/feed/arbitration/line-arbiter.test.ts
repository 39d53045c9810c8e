import { delay, NEVER, of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { holds, LineArbiter } from '../../../src/feed/arbitration/line-arbiter.ts';
import type {
  LineData,
  MergedEvent,
  PossibleGapEvent,
  SequencedTrade,
} from '../../../src/feed/arbitration/merged-event.ts';
import { aggTrade, bookTicker, kline, ticker, tradeEvent } from '../../../testing/judges/events.ts';
import { SteppedScheduler } from '../../venues/stepped-scheduler.ts';

function textOf(events: readonly MergedEvent[]): string {
  return events
    .map((event) => {
      if (event.kind === 'sequence_gap_closed' || event.kind === 'sequence_gap_pending') {
        const { before, after, missing, filled } = event.gap;
        const gap = `(${before.id},${after.tradeId}):${missing ?? '?'}${filled === 0 ? '' : ` filled ${filled}`}`;
        return event.kind === 'sequence_gap_closed' ? gap : `opened ${gap}`;
      }
      if (event.kind === 'ids_restarted') return `restarted ${event.before.id}>${event.after.tradeId}`;
      return event.kind === 'trade' || event.kind === 'agg_trade' ? event.tradeId : event.kind;
    })
    .join(' ');
}

interface Setting {
  readonly contiguous?: boolean;
  /** The past trades that the venue returns, if any. */
  readonly past?: readonly SequencedTrade[];
  readonly recent?: boolean;
  readonly graceMs?: number;
}

/** An arbiter in virtual time. A gap waits 100 ms for the other line, and 1000 ms for fetched trades. */
class Arbitration {
  readonly scheduler = new SteppedScheduler();
  readonly arbiter: LineArbiter;
  /** The requests for past trades, in order. */
  readonly asked: string[] = [];
  past: readonly SequencedTrade[] | undefined;
  answerAfterMs = 0;
  onEvent: (event: MergedEvent) => void = () => {};
  onSignal: (signal: { readonly value: readonly MergedEvent[]; readonly late?: true }) => void = () => {};
  #emitted: MergedEvent[] = [];
  #possibleGaps: PossibleGapEvent[] = [];

  constructor({ contiguous = true, past, recent = false, graceMs = 100 }: Setting = {}) {
    this.past = past;
    this.arbiter = new LineArbiter({
      contiguousTradeIds: contiguous,
      recentTrades: recent,
      repair: {
        graceMs,
        holdMs: 1000,
        ...(past === undefined && !recent
          ? {}
          : {
              fetch: ({ symbol, kind }, { before, after }) => {
                this.asked.push(`${symbol} ${kind} ${before.id}-${after?.tradeId ?? ''}`);
                if (this.past === undefined) return NEVER;
                const answer$ = of(this.past);
                return this.answerAfterMs === 0 ? answer$ : answer$.pipe(delay(this.answerAfterMs, this.scheduler));
              },
            }),
      },
      scheduler: this.scheduler,
      out: (signal) => {
        this.onSignal(signal);
        this.#report(signal.value);
      },
    });
  }

  /**
   * Delivers the events of each symbol in one frame. Returns the events that passed, including earlier events that
   * waited.
   */
  frames(line: number, ...events: readonly LineData[]): string {
    for (const { symbol } of events.filter((event, at) => event.symbol !== events[at - 1]?.symbol)) {
      const frame = events.filter((event) => event.symbol === symbol);
      const passed = this.arbiter.data(this.arbiter.of(symbol), line, frame, 0);
      if (passed.length > 0) this.onSignal({ value: passed });
      this.#report(passed);
    }
    return this.emitted;
  }

  /** Number of events of a frame that pass. */
  passed(line: number, ...events: readonly LineData[]): number {
    const [first] = events;
    return first === undefined ? 0 : this.arbiter.data(this.arbiter.of(first.symbol), line, events, 0).length;
  }

  /** The events that were emitted since the last call, as text. */
  get emitted(): string {
    const emitted = this.#emitted;
    this.#emitted = [];
    return textOf(emitted);
  }

  get possibleGaps(): (string | undefined | boolean)[][] {
    const possibleGaps = this.#possibleGaps;
    this.#possibleGaps = [];
    return possibleGaps.map(({ before, waits }) => [before?.id, waits]);
  }

  wait(ms: number): string {
    this.scheduler.advance(ms);
    return this.emitted;
  }

  #report(events: readonly MergedEvent[]): void {
    for (const event of events) {
      this.onEvent(event);
      if (event.kind === 'possible_gap') this.#possibleGaps.push(event);
      else this.#emitted.push(event);
    }
  }
}

const binance = (past?: readonly SequencedTrade[]) => new Arbitration(past === undefined ? {} : { past });
const bybit = (recent = false) => new Arbitration({ contiguous: false, recent });

describe('LineArbiter', () => {
  const eth = { symbol: 'ETHUSDT' };

  it('drops the duplicates of the slower line, and passes its new trades', () => {
    const run = binance();
    expect(run.frames(1, tradeEvent(4), tradeEvent(5))).toBe('4 5');
    expect(run.frames(2, tradeEvent(4), tradeEvent(5), tradeEvent(6))).toBe('6');
    expect(run.arbiter.duplicates).toBe(2);
  });

  it('holds trades after a gap for that symbol only, until the grace time is over', () => {
    const run = binance();
    run.frames(1, tradeEvent(1));
    expect(run.frames(1, tradeEvent(3))).toBe('');
    expect(holds(run.arbiter.of('BTCUSDT'))).toBe(true);
    expect(run.frames(1, tradeEvent(9, eth))).toBe('9');
    expect([run.wait(99), run.wait(1)]).toEqual(['', '(1,3):1 3']);
    expect(holds(run.arbiter.of('BTCUSDT'))).toBe(false);
    expect(run.scheduler.waiting).toBe(0);
  });

  it('emits a possible gap when it begins and when it ends', () => {
    const run = binance();
    run.frames(1, tradeEvent(1));
    expect(run.possibleGaps).toEqual([]);
    run.frames(1, tradeEvent(3));
    run.frames(1, tradeEvent(4));
    expect([run.possibleGaps, run.possibleGaps]).toEqual([[['1', true]], []]);
    expect(run.arbiter.possibleGaps('BTCUSDT')).toMatchObject([{ of: 'trade', before: { id: '1' } }]);
    run.frames(2, tradeEvent(2));
    expect(run.possibleGaps).toEqual([[undefined, false]]);
    expect(run.arbiter.possibleGaps('BTCUSDT')).toEqual([]);
    run.arbiter.lineJoined(1);
    run.arbiter.lineSubscribed(1, ['BTCUSDT']);
    run.arbiter.lineLost(1);
    expect(run.possibleGaps).toEqual([['4', false]]);
    run.frames(2, tradeEvent(5));
    expect(run.possibleGaps).toEqual([[undefined, false]]);
  });

  it('emits the end of a possible gap after the trades that fill it', () => {
    const run = binance();
    const kinds: string[] = [];
    run.onEvent = ({ kind }) => kinds.push(kind);
    run.frames(1, tradeEvent(1));
    run.frames(1, tradeEvent(3));
    run.frames(2, tradeEvent(2));
    expect(kinds).toEqual(['trade', 'possible_gap', 'trade', 'trade', 'possible_gap']);
  });

  it('emits no gap if the other line brings the missing trades', () => {
    const run = binance();
    run.frames(1, tradeEvent(1));
    run.frames(1, tradeEvent(3));
    expect(run.frames(2, tradeEvent(2))).toBe('2 3');
    expect(run.wait(2000)).toBe('');
  });

  it('fills the gap of one symbol with fetched trades, and gives up the gap of another separately', () => {
    const run = binance([tradeEvent(2), tradeEvent(3)]);
    run.frames(1, tradeEvent(1), tradeEvent(4));
    run.scheduler.advance(10);
    run.frames(1, tradeEvent(1, eth), tradeEvent(9, eth));
    expect([run.wait(89), run.asked]).toEqual(['', []]);
    expect(run.wait(1)).toBe('opened (1,4):2 2 3 (1,4):2 filled 2 4');
    expect(run.asked).toEqual(['BTCUSDT trade 1-4']);
    run.past = undefined;
    expect([run.wait(10), run.wait(899), run.wait(1)]).toEqual(['opened (1,9):7', '', '(1,9):7 9']);
  });

  it('gives up only the gaps that are old enough', () => {
    const run = binance();
    run.frames(1, tradeEvent(1), tradeEvent(3));
    run.scheduler.advance(50);
    run.frames(1, tradeEvent(5));
    expect([run.wait(50), run.wait(50)]).toEqual(['(1,3):1 3', '(3,5):1 5']);
    expect(holds(run.arbiter.of('BTCUSDT'))).toBe(false);
  });

  it('emits a pending gap once, after the grace time of the other line', () => {
    const run = new Arbitration({ past: [] });
    run.past = undefined;
    run.frames(1, tradeEvent(1), tradeEvent(4));
    expect([run.wait(99), run.wait(1), run.wait(20)]).toEqual(['', 'opened (1,4):2', '']);
    expect(run.frames(2, tradeEvent(2), tradeEvent(3))).toBe('2 3 (1,4):2 filled 2 4');
  });

  it('emits the trades before a gap in a frame, and then the pending gap', () => {
    const run = new Arbitration({ past: [tradeEvent(3)], graceMs: 0 });
    const sizes: number[] = [];
    run.onSignal = ({ value, late }) => sizes.push(late === true ? -value.length : value.length);
    expect(run.frames(1, tradeEvent(1), tradeEvent(2), tradeEvent(4), tradeEvent(5))).toBe(
      '1 2 opened (2,4):1 3 (2,4):1 filled 1 4 5',
    );
    // A negative size is an output without a frame (`late`): the possible gap, the pending gap, and the possible gap's
    // end.
    expect(sizes).toEqual([2, -1, -1, 3, -1, 1]);
  });

  it('resumes trades and aggregated trades separately, unless the resume point was forgotten', () => {
    const run = binance([tradeEvent(11), tradeEvent(12)]);
    const mark = (id: number) => ({ id: String(id), timestamp: 1 });
    run.arbiter.resume(
      'BTCUSDT',
      new Map([
        ['trade', mark(10)],
        ['agg_trade', mark(8)],
      ] as const),
    );
    run.arbiter.resume('ETHUSDT', new Map([['trade', mark(10)]] as const));
    expect(run.frames(1, tradeEvent(13), aggTrade(9, 10), tradeEvent(15, eth), aggTrade(7, 9, eth))).toBe('9 7');
    run.arbiter.forget('ETHUSDT');
    expect(run.emitted).toBe('15');
    run.arbiter.forget('SOLUSDT');
    expect(run.wait(100)).toBe('opened (10,13):2 11 12 (10,13):2 filled 2 13');
    run.arbiter.forget('BTCUSDT');
    expect(run.emitted).toBe('');
  });

  it('emits that a venue restarted its trade ids, with the last id before the restart', () => {
    const run = binance();
    run.frames(1, tradeEvent(1000, { timestamp: 5 }));
    expect(run.frames(1, tradeEvent(3, { timestamp: 9 }))).toBe('restarted 1000>3 3');
    const resumed = binance();
    resumed.arbiter.resume('BTCUSDT', new Map([['trade', { id: '1000', timestamp: 5 }]] as const));
    expect(resumed.frames(1, tradeEvent(3, { timestamp: 9 }), tradeEvent(4, { timestamp: 10 }))).toBe(
      'restarted 1000>3 3 4',
    );
    expect(holds(resumed.arbiter.of('BTCUSDT'))).toBe(false);
  });

  it('with sparse ids, holds no trades after a reconnect if recent trades cannot be fetched', () => {
    const run = bybit();
    run.arbiter.lineJoined(1);
    run.frames(1, tradeEvent(1), tradeEvent(5));
    run.arbiter.lineLost(1);
    run.arbiter.lineJoined(2);
    run.arbiter.lineSubscribed(2, ['BTCUSDT']);
    expect(holds(run.arbiter.of('BTCUSDT'))).toBe(false);
    expect(run.frames(2, tradeEvent(9))).toBe('(5,9):? 9');
  });

  it('with sparse ids, holds a symbol from its acknowledgement until its recent trades are fetched', () => {
    const run = bybit(true);
    run.arbiter.lineJoined(1);
    run.frames(1, tradeEvent(10), tradeEvent(11, eth));
    run.arbiter.lineLost(1);
    expect(run.asked).toEqual([]);
    run.past = [tradeEvent(9), tradeEvent(10), tradeEvent(14)];
    run.answerAfterMs = 10;
    run.arbiter.lineJoined(2);
    run.arbiter.lineSubscribed(2, ['BTCUSDT', 'SOLUSDT']);
    expect(run.asked).toEqual(['BTCUSDT trade 10-']);
    expect(run.frames(2, tradeEvent(17))).toBe('');
    expect(run.frames(2, tradeEvent(1, { symbol: 'SOLUSDT' }))).toBe('1');
    expect(run.wait(10)).toBe('14 (10,17):1 filled 1 17');
    // If no acknowledgement came, the first trade counts as the acknowledgement.
    expect(run.frames(2, tradeEvent(15, eth))).toBe('');
    expect(run.asked.slice(1)).toEqual(['ETHUSDT trade 11-15']);
  });

  it('with sparse ids, emits a gap for a symbol that was not subscribed for a time, and no other gap', () => {
    const run = bybit();
    run.arbiter.lineJoined(1);
    run.arbiter.lineSubscribed(1, ['BTCUSDT', 'ETHUSDT']);
    run.frames(1, tradeEvent(10), tradeEvent(11, eth));
    run.arbiter.unsubscribed('BTCUSDT');
    expect(run.emitted).toBe('');
    expect(run.arbiter.possibleGaps('BTCUSDT')).toMatchObject([{ before: { id: '10' } }]);
    // The new subscription is not acknowledged yet.
    expect(run.frames(1, tradeEvent(15))).toBe('(10,15):? 15');
    expect(run.frames(1, tradeEvent(16, eth))).toBe('16');
    run.arbiter.unsubscribed('SOLUSDT');
    expect(run.emitted).toBe('');
  });

  it('with sparse ids, replaces a line without a gap if the recent trades show none', () => {
    const run = bybit(true);
    run.arbiter.lineJoined(1);
    run.frames(1, tradeEvent(10));
    run.arbiter.lineJoined(2);
    run.arbiter.lineSubscribed(2, ['BTCUSDT']);
    run.frames(2, tradeEvent(14));
    run.past = [tradeEvent(10), tradeEvent(14)];
    run.answerAfterMs = 10;
    run.arbiter.lineReplaced(1, 2);
    expect([run.emitted, run.wait(10)]).toEqual(['', '14']);
    run.arbiter.lineLost(1);
    expect(run.emitted).toBe('');
    expect(run.frames(2, tradeEvent(15))).toBe('15');
    expect(holds(run.arbiter.of('BTCUSDT'))).toBe(false);
  });

  it('with sparse ids, emits a gap for a symbol to which a replacing line is not subscribed', () => {
    const run = bybit();
    for (const line of [1, 2]) {
      run.arbiter.lineJoined(line);
      run.arbiter.lineSubscribed(line, ['BTCUSDT', 'ETHUSDT']);
    }
    for (const line of [1, 2]) run.frames(line, tradeEvent(10), tradeEvent(11, eth));
    run.arbiter.lineJoined(3);
    run.arbiter.lineSubscribed(3, ['ETHUSDT']);
    run.frames(3, tradeEvent(11, eth));
    run.arbiter.lineReplaced(2, 3);
    run.arbiter.lineLost(1);
    run.arbiter.lineJoined(1);
    run.arbiter.lineSubscribed(1, ['BTCUSDT', 'ETHUSDT']);
    expect(run.frames(1, tradeEvent(15))).toBe('(10,15):? 15');
    expect(run.frames(3, tradeEvent(16, eth))).toBe('16');
  });

  it('sequences aggregated trades by their first and last trade ids, separately from trades', () => {
    const run = binance();
    expect(run.frames(1, aggTrade(1, 3))).toBe('1');
    expect(run.frames(1, tradeEvent(1))).toBe('1');
    expect(run.frames(1, aggTrade(4, 4))).toBe('4');
    run.frames(1, aggTrade(7, 9));
    run.arbiter.flush();
    expect(run.emitted).toBe('(4,7):2 7');
  });

  it('with sparse ids, holds the trades of a joining line until the last other line is lost', () => {
    const run = bybit();
    const id = (suffix: number) => `22900000012272139${suffix}`;
    run.arbiter.lineJoined(1);
    expect(run.frames(1, tradeEvent(id(14)), tradeEvent(id(18)))).toBe(`${id(14)} ${id(18)}`);
    run.arbiter.lineJoined(2);
    expect(run.frames(2, tradeEvent(id(20)))).toBe('');
    run.arbiter.lineLost(1);
    expect(run.emitted).toBe(`(${id(18)},${id(20)}):? ${id(20)}`);
  });

  it('with sparse ids, emits one gap for all late trades of a frame that lie between the same two trades', () => {
    const run = bybit();
    run.arbiter.lineJoined(1);
    const late = [11, 14, 17].map((id) => tradeEvent(id));
    expect(run.frames(1, tradeEvent(10), tradeEvent(20), tradeEvent(30))).toBe('10 20 30');
    expect(run.frames(1, ...late, tradeEvent(25), tradeEvent(40))).toBe('(10,20):3 (20,30):1 40');
  });

  it('with sparse ids, a symbol without data on a line does not delay another symbol', () => {
    const run = bybit();
    run.arbiter.lineJoined(1);
    run.arbiter.lineJoined(2);
    expect(run.frames(1, tradeEvent(10))).toBe('10');
    expect(run.frames(2, tradeEvent(77, eth))).toBe('77');
  });

  it('passes only newer tickers, book tickers and candles', () => {
    const run = binance();
    const pass = (line: number, ...events: LineData[]) => run.passed(line, ...events);
    expect([pass(1, ticker()), pass(2, ticker()), pass(2, ticker({ timestamp: 1_723_161_257_000 }))]).toEqual([
      1, 0, 1,
    ]);
    expect([pass(1, bookTicker(7)), pass(2, bookTicker(7)), pass(2, bookTicker(6)), pass(2, bookTicker(8))]).toEqual([
      1, 0, 0, 1,
    ]);
    expect([
      pass(1, kline(0, 10)),
      pass(2, kline(0, 10)),
      pass(2, kline(0, 12)),
      pass(1, kline(60_000, 60_001)),
      pass(2, kline(0, 59_000)),
    ]).toEqual([1, 0, 1, 1, 0]);
    expect([pass(1, kline(0, 10, { interval: '5m' }))]).toEqual([1]);
  });

  it('passes a closed candle once if it comes after the next candle', () => {
    const run = binance();
    const pass = (line: number, event: LineData) => run.passed(line, event);
    const end = kline(0, 59_999, { closed: true });
    expect([
      pass(1, kline(0, 10)),
      pass(2, kline(60_000, 60_001)),
      pass(1, end),
      pass(2, end),
      pass(1, kline(0, 59_000)),
      pass(1, kline(60_000, 60_001)),
      pass(2, kline(60_000, 60_002)),
    ]).toEqual([1, 1, 1, 0, 0, 0, 1]);
  });

  it('passes a book ticker with restarted ids if its time is newer, or after 5 s without a higher id', () => {
    const timed = bybit();
    timed.frames(1, bookTicker(900, { timestamp: 1000 }));
    expect(timed.passed(1, bookTicker(1, { timestamp: 1001 }))).toBe(1);
    const untimed = binance();
    untimed.frames(1, bookTicker(900, { receivedAt: 1_000_000 }));
    expect(untimed.passed(1, bookTicker(1, { receivedAt: 5_900_000 }))).toBe(0);
    expect(untimed.passed(1, bookTicker(2, { receivedAt: 6_100_000 }))).toBe(1);
  });

  it('passes the book ticker of a closed market at once and only once, and the first one after it opens', () => {
    const run = bybit();
    const noOrders = { bidPrice: null, bidQuantity: null, askPrice: null, askQuantity: null };
    run.frames(1, bookTicker(900, { timestamp: 1000 }));
    expect(run.passed(1, bookTicker(0, noOrders))).toBe(1);
    expect(run.passed(2, bookTicker(0, noOrders))).toBe(0);
    expect(run.passed(2, bookTicker(1, { timestamp: 2000 }))).toBe(1);
  });
});
