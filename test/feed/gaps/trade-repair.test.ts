import { delay, type Observable, of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import type { TradeEvent } from '../../../src/domain/record.ts';
import { LineArbiter } from '../../../src/feed/arbitration/line-arbiter.ts';
import type { LineData, MergedEvent, TradeGap } from '../../../src/feed/arbitration/merged-event.ts';
import { tradeRepair } from '../../../src/feed/gaps/trade-repair.ts';
import { aggTrade, tradeEvent } from '../../../testing/judges/events.ts';
import { SteppedScheduler } from '../../venues/stepped-scheduler.ts';

interface Setting {
  readonly fetchMissing?: (
    symbol: string,
    gap: TradeGap,
    scheduler: SteppedScheduler,
  ) => Observable<readonly TradeEvent[]>;
  readonly fetchRecent?: (symbol: string, scheduler: SteppedScheduler) => Observable<readonly TradeEvent[]>;
  readonly linesUp?: number;
}

/** An arbiter with its repair, in virtual time. `emitted` lists what did not pass at once, with its time. */
function setUp({ fetchMissing, fetchRecent, linesUp = 2 }: Setting) {
  const scheduler = new SteppedScheduler();
  const emitted: string[] = [];
  const receivedAt: number[] = [];
  /** How often the repair looked at a single series that holds trades back. */
  const looks = { count: 0 };
  let inFrame = false;
  const report = (events: readonly MergedEvent[]): void => {
    for (const event of events) {
      if (event.kind === 'trade' || event.kind === 'agg_trade') emitted.push(`${scheduler.now()} ${event.tradeId}`);
      else if (event.kind === 'sequence_gap_closed' || event.kind === 'sequence_gap_pending')
        emitted.push(`${scheduler.now()} ${event.kind} ${event.gap.filled}/${event.gap.missing}`);
    }
  };
  const arbiter = new LineArbiter({
    contiguousTradeIds: fetchRecent === undefined,
    recentTrades: fetchRecent !== undefined,
    repair: tradeRepair(
      {
        fetchMissing:
          fetchMissing === undefined ? undefined : ({ symbol }, gap) => fetchMissing(symbol, gap, scheduler),
        fetchRecent: fetchRecent === undefined ? undefined : ({ symbol }) => fetchRecent(symbol, scheduler),
      },
      {
        bySymbol: (symbol) => ({ coin: symbol.slice(0, -4), symbol, venueSymbol: symbol }),
        connectionsOf: () => {
          looks.count++;
          return linesUp;
        },
      },
      of(true),
    ),
    scheduler,
    out: (event) => {
      if (!inFrame) expect(event.late).toBe(true);
      if (event.value[0]?.kind !== 'possible_gap') receivedAt.push(event.at);
      report(event.value);
    },
  });
  /** Delivers events by line 1, each in a frame of its own. */
  const data = (...events: LineData[]) => {
    for (const event of events) {
      inFrame = true;
      const passed = arbiter.data(arbiter.of(event.symbol), 1, [event], event.receivedAt);
      inFrame = false;
      if (passed.length !== 1 || passed[0] !== event) report(passed);
    }
  };
  return { scheduler, arbiter, emitted, receivedAt, looks, data };
}

const fetched = (id: number, fields: Partial<TradeEvent> = {}) =>
  tradeEvent(id, { source: 'backfill', receivedAt: 99, ...fields });

describe('tradeRepair', () => {
  it('checks a symbol with a gap only on events of that symbol, not with every frame', () => {
    const { looks, data, scheduler } = setUp({ fetchMissing: () => of([]) });
    for (let number = 0; number < 100; number++)
      data(tradeEvent(1, { symbol: `X${number}USDT` }), tradeEvent(3, { symbol: `X${number}USDT` }));
    expect(looks.count).toBe(100);
    for (let id = 1; id < 1000; id++) data(tradeEvent(id, { symbol: 'BTCUSDT' }));
    expect(looks.count).toBe(100);
    scheduler.advance(499);
    expect(looks.count).toBe(100);
    // The repair looks twice more at each symbol: when its fetch is due, and after the answer.
    scheduler.advance(1);
    expect(looks.count).toBe(300);
  });

  it('waits 500 ms for the other line, then emits the pending gap and fetches the trades', () => {
    const { scheduler, emitted, receivedAt, data } = setUp({
      fetchMissing: (_symbol, _gap, time) => of([fetched(2)]).pipe(delay(30, time)),
    });
    data(tradeEvent(1, { receivedAt: 10 }), tradeEvent(3, { receivedAt: 30 }));
    scheduler.advance(499);
    expect(emitted).toEqual([]);
    scheduler.advance(1000);
    expect(emitted).toEqual(['500 sequence_gap_pending 0/1', '530 2', '530 sequence_gap_closed 1/1', '530 3']);
    // Fetched trades count as received together with the trade after them.
    expect(receivedAt).toEqual([30, 30, 30, 30]);
    expect(scheduler.waiting).toBe(0);
  });

  it('fetches missing trades at once if there is no other line', () => {
    const { emitted, data } = setUp({ fetchMissing: () => of([fetched(2)]), linesUp: 1 });
    data(tradeEvent(1), tradeEvent(3));
    expect(emitted).toEqual(['0 sequence_gap_pending 0/1', '0 2', '0 sequence_gap_closed 1/1', '0 3']);
  });

  it('fetches the gap after a previous run at once, but waits for the lines if it cannot fetch', () => {
    const left = new Map([['trade', { id: '1', timestamp: 0 }]] as const);
    const { arbiter, emitted, data, scheduler } = setUp({ fetchMissing: () => of([fetched(2)]) });
    arbiter.resume('BTCUSDT', left);
    data(tradeEvent(3));
    expect(emitted).toEqual(['0 sequence_gap_pending 0/1', '0 2', '0 sequence_gap_closed 1/1', '0 3']);
    // For a gap after trade 3, the other line may have the missing trades, so the repair waits.
    data(tradeEvent(5));
    expect(emitted).toHaveLength(4);
    scheduler.advance(500);
    expect(emitted.slice(4)).toEqual(['500 sequence_gap_pending 0/1']);
    const alone = setUp({});
    alone.arbiter.resume('BTCUSDT', left);
    alone.data(tradeEvent(3));
    alone.scheduler.advance(499);
    expect(alone.emitted).toEqual([]);
  });

  it('closes an unfilled gap after 10 s, or after 500 ms if it cannot fetch', () => {
    const asking = setUp({ fetchMissing: () => of([]) });
    asking.data(tradeEvent(1), tradeEvent(3));
    asking.scheduler.advance(20_000);
    expect(asking.emitted).toEqual(['500 sequence_gap_pending 0/1', '10000 sequence_gap_closed 0/1', '10000 3']);
    expect(asking.scheduler.waiting).toBe(0);
    const alone = setUp({});
    alone.data(tradeEvent(1), tradeEvent(3));
    alone.scheduler.advance(20_000);
    expect(alone.emitted).toEqual(['500 sequence_gap_closed 0/1', '500 3']);
  });

  it('fetches trades and aggregated trades separately', () => {
    const kinds: string[] = [];
    const { scheduler, data } = setUp({
      fetchMissing: (_symbol, { kind, before, after }) => {
        kinds.push(`${kind} ${before.id}-${after.tradeId}`);
        return of([]);
      },
    });
    data(tradeEvent(1), aggTrade(1, 4), tradeEvent(3), aggTrade(7, 9));
    scheduler.advance(600);
    expect(kinds).toEqual(['trade 1-3', 'agg_trade 4-7']);
  });

  it('ignores recent trades that were requested before the symbol was subscribed again', () => {
    let made = [1];
    const { scheduler, arbiter, emitted, data } = setUp({
      fetchRecent: (_symbol, time) => of(made.map((id) => fetched(id))).pipe(delay(100, time)),
    });
    const subscribed = () => {
      arbiter.lineSubscribed(1, ['BTCUSDT']);
    };
    arbiter.lineJoined(1);
    data(tradeEvent(1));
    arbiter.lineLost(1);
    arbiter.lineJoined(1);
    subscribed();
    scheduler.advance(50);
    arbiter.unsubscribed('BTCUSDT');
    // The venue makes these trades while no line is subscribed.
    made = [1, 5];
    scheduler.advance(10);
    subscribed();
    scheduler.advance(1000);
    data(tradeEvent(9));
    scheduler.advance(1000);
    expect(emitted.map((one) => one.split(' ')[1])).toEqual(['5', 'sequence_gap_closed', '9']);
  });

  it('fetches the recent trades of 500 symbols once each within 10 s after a reconnect', () => {
    const asked: string[] = [];
    const { scheduler, arbiter, emitted, data } = setUp({
      fetchRecent: (symbol, time) => {
        asked.push(symbol);
        return of([fetched(1, { symbol })]).pipe(delay(150, time));
      },
    });
    const symbols = Array.from({ length: 500 }, (_, at) => `S${at}USDT`);
    arbiter.lineJoined(1);
    for (const symbol of symbols) data(tradeEvent(1, { symbol }));
    arbiter.lineLost(1);
    arbiter.lineJoined(1);
    arbiter.lineSubscribed(1, symbols);
    for (const symbol of symbols) data(tradeEvent(7, { symbol }));
    scheduler.advance(9_900);
    expect(new Set(asked).size).toBe(500);
    expect(asked).toHaveLength(500);
    expect(emitted).toHaveLength(500);
    expect(emitted.every((text) => text.endsWith(' 7'))).toBe(true);
    expect(scheduler.waiting).toBe(0);
  });

  it('emits the missed trades of an idle symbol with the time of the fetch as `receivedAt`', () => {
    const { arbiter, emitted, receivedAt, data } = setUp({ fetchRecent: () => of([fetched(1), fetched(5)]) });
    arbiter.lineJoined(1);
    data(tradeEvent(1));
    arbiter.lineLost(1);
    arbiter.lineJoined(1);
    arbiter.lineSubscribed(1, ['BTCUSDT']);
    expect([emitted, receivedAt]).toEqual([['0 5'], [99]]);
  });

  it('emits the waiting trades on flush, and fetches nothing after close', () => {
    const asked: string[] = [];
    const { scheduler, arbiter, emitted, data } = setUp({
      fetchMissing: (symbol) => {
        asked.push(symbol);
        return of([]);
      },
    });
    data(tradeEvent(1), tradeEvent(3));
    arbiter.flush();
    expect(emitted).toEqual(['0 sequence_gap_closed 0/1', '0 3']);
    data(tradeEvent(5));
    arbiter.close();
    scheduler.advance(20_000);
    expect([asked, emitted.length, scheduler.waiting]).toEqual([[], 2, 0]);
  });
});
