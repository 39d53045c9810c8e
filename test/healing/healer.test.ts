import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load-config.ts';
import { Fault } from '../../src/domain/fault.ts';
import type { VenueId } from '../../src/domain/instrument.ts';
import type { Gap, TradeEvent } from '../../src/domain/record.ts';
import type { KnownTrade, VenuePast } from '../../src/healing/fetch-missing.ts';
import { Healer, type HealingEvent } from '../../src/healing/healer.ts';
import { HealingStore } from '../../src/healing/healing-store.ts';
import { sampleAudit, sampleGap, sampleTrade } from '../../testing/records/sample-records.ts';
import { MemoryArchive } from './memory-archive.ts';

const MINUTE_MS = 60_000;
const STARTED_AT = Date.UTC(2026, 10, 21, 8, 30);
const EACH_MS = 100;

/** The trade with this number; trades come every 100 ms. */
function trade(number: number, changes: Partial<TradeEvent> = {}): TradeEvent {
  const timestamp = STARTED_AT + number * EACH_MS;
  return sampleTrade({
    venue: 'binance',
    epoch: 1,
    tradeId: String(number),
    timestamp,
    receivedAt: timestamp * 1000,
    price: '100',
    quantity: '1',
    ...changes,
  });
}

/** An unrepaired gap between two trades, both exclusive. */
function gapBetween(from: number, to: number, changes: Partial<Gap> = {}): Gap {
  return sampleGap({
    venue: 'binance',
    symbol: 'BTCUSDT',
    environment: 'production',
    epoch: 1,
    channel: 'trade',
    fromId: String(from),
    toId: String(to),
    fromTime: STARTED_AT + from * EACH_MS,
    toTime: STARTED_AT + to * EACH_MS,
    missing: to - from - 1,
    filled: 0,
    outcome: 'unrepaired',
    ...changes,
  });
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, index) => from + index);
const PAGE = 1000;

/** A healer, what it heals and what it asks. Time passes only between rounds. */
class Fixture {
  readonly archive = new MemoryArchive();
  readonly events: HealingEvent[] = [];
  /** The venue's requests, by venue and symbol. */
  readonly asked: string[] = [];
  now = STARTED_AT + 10 * MINUTE_MS;
  windowsMs: readonly number[] = [1000, MINUTE_MS];
  /** The last trades of a venue whose ids jump; undefined: trades are requested by id. */
  recent: (() => readonly TradeEvent[]) | undefined;
  after = async (symbol: string, { id }: KnownTrade, venue: VenueId): Promise<readonly TradeEvent[]> =>
    range(Number(id) + 1, Math.min(Number(id) + 1 + PAGE, 9000)).map((number) => trade(number, { venue, symbol }));
  instrumentOf = async (_: VenueId, symbol: string) => ({ coin: symbol.slice(0, -4), symbol, venueSymbol: symbol });

  /** Stores the trades of some numbers, except those inside the gaps; then the gaps. */
  publish(gaps: readonly Gap[], numbers = range(0, 8000)): void {
    const markets = Map.groupBy(gaps, ({ venue, symbol }) => `${venue} ${symbol}`);
    for (const own of markets.values()) {
      const { venue, symbol } = own[0] as Gap;
      const isLost = (number: number) =>
        own.some(({ fromId, toId }) => number > Number(fromId) && number < Number(toId));
      for (const number of numbers) if (!isLost(number)) this.archive.stored.push(trade(number, { venue, symbol }));
    }
    this.archive.stored.push(...gaps);
  }

  healer(): Healer {
    const config = loadConfig({ values: { coins: ['BTC', 'ETH'], feed: { venues: ['binance', 'binance_us'] } } });
    const store = new HealingStore({
      archive: this.archive,
      config,
      pause: async () => {},
      turn: async () => {},
    });
    const { recent } = this;
    const byRecent = recent && { recent: async () => recent() };
    const pastOf = (venue: VenueId): VenuePast =>
      byRecent ?? {
        after: ({ symbol }, known) => {
          this.asked.push(`${symbol} ${known.id}`);
          return this.after(symbol, known, venue);
        },
      };
    return new Healer({
      store,
      windows: { windowsMs: this.windowsMs, allowedLatenessMs: 2000 },
      isContiguous: () => recent === undefined,
      pastOf,
      instrumentOf: (venue, symbol) => this.instrumentOf(venue, symbol),
      sinceMs: 0,
      feedSinceMs: undefined,
      wallClockMs: () => this.now,
      onEvent: (event) => this.events.push(event),
    });
  }

  /** Plays rounds until nothing is due within a minute. */
  async heal(healer = this.healer()): Promise<void> {
    for (let rounds = 0; rounds < 20; rounds++) {
      const dueMs = await healer.round();
      if (dueMs > MINUTE_MS) return;
      this.now += Math.max(1, dueMs);
    }
  }

  lateIds(symbol = 'BTCUSDT'): number[] {
    return this.archive.late.filter((late) => late.symbol === symbol).map(({ tradeId }) => Number(tradeId));
  }

  healed(): Gap[] {
    return this.archive.stored.filter((record) => record.kind === 'gap').filter(({ outcome }) => outcome === 'healed');
  }

  leftReasons(): string[] {
    return this.events.flatMap((event) => (event.kind === 'left' ? [event.reason] : []));
  }
}

it('writes one batch after the other, although it heals two venues at the same time', async () => {
  const fixture = new Fixture();
  fixture.publish([gapBetween(700, 1500), gapBetween(700, 1500, { venue: 'binance_us' })]);
  await fixture.heal();
  expect(fixture.healed()).toHaveLength(2);
});

it('writes the other trades once if the sink refuses one, and says why the gap stays open', async () => {
  const fixture = new Fixture();
  fixture.publish([gapBetween(1000, 1600)]);
  const fault = new Fault('encode', 'the price has too many digits', { retry: { kind: 'never' } });
  fixture.archive.outcomeOf = (record) =>
    record.kind === 'trade' && record.tradeId === '1400' ? { kind: 'rejected', fault } : undefined;
  await fixture.heal();
  expect(fixture.lateIds()).toEqual([...range(1001, 1400), ...range(1401, 1600)]);
  expect(fixture.healed()).toEqual([]);
  expect(fixture.leftReasons()[0]).toContain('the price has too many digits');
});

it('writes each trade once, although the sink fails in the middle of a page', async () => {
  const fixture = new Fixture();
  fixture.publish([gapBetween(1000, 1900)]);
  let writes = 0;
  const { archive } = fixture;
  const write = archive.write.bind(archive);
  archive.write = async (batch) => {
    if (++writes === 3) throw new Fault('sink', 'the broker is away');
    return write(batch);
  };
  const healer = fixture.healer();
  await expect(healer.round()).rejects.toThrow('away');
  await fixture.heal(healer);
  expect(fixture.lateIds()).toEqual(range(1001, 1900));
  expect(fixture.healed()).toHaveLength(1);
});

it('ends a round only when no venue is at work any more, although the sink failed', async () => {
  const fixture = new Fixture();
  fixture.publish([gapBetween(700, 1500), gapBetween(700, 1500, { venue: 'binance_us', symbol: 'ETHUSDT' })]);
  let reads = 0;
  fixture.archive.onRead = (topic) => {
    if (topic === 'trades' && ++reads === 1) throw new Fault('sink', 'the broker is away');
  };
  const healer = fixture.healer();
  await expect(healer.round()).rejects.toThrow('away');
  const asked = fixture.asked.length;
  for (let turns = 0; turns < 50; turns++) await turn();
  expect(fixture.asked.length).toBe(asked);
  fixture.now += MINUTE_MS;
  await fixture.heal(healer);
  expect(fixture.lateIds()).toEqual(range(701, 1500));
  expect(fixture.lateIds('ETHUSDT')).toEqual(range(701, 1500));
});

it('reads all gaps again after a failed reading', async () => {
  const fixture = new Fixture();
  fixture.publish([gapBetween(1000, 1010)]);
  fixture.archive.onRead = () => {
    throw new Fault('sink', 'the broker is away');
  };
  const since: number[] = [];
  const { archive } = fixture;
  const records = archive.records.bind(archive);
  archive.records = async function* (topic, reading) {
    if (topic === 'gaps') since.push(reading.sinceMs);
    yield* records(topic, reading);
  };
  const healer = fixture.healer();
  await expect(healer.round()).rejects.toThrow('away');
  fixture.archive.onRead = () => {};
  await healer.round();
  expect(since.slice(0, 2)).toEqual([0, 0]);
});

it('knows the late trades of an earlier healer, although it could not look the market up at first', async () => {
  const fixture = new Fixture();
  fixture.publish([gapBetween(1000, 1010), gapBetween(1000, 1010, { symbol: 'ETHUSDT' })]);
  fixture.archive.late.push(trade(1001, { symbol: 'ETHUSDT', source: 'backfill' }));
  const { instrumentOf } = fixture;
  fixture.instrumentOf = async (venue, symbol) => {
    if (symbol === 'ETHUSDT') throw new Fault('unavailable', 'no list');
    return instrumentOf(venue, symbol);
  };
  const healer = fixture.healer();
  await healer.round();
  fixture.instrumentOf = instrumentOf;
  await fixture.heal(healer);
  expect(fixture.lateIds('ETHUSDT')).toEqual(range(1001, 1010));
});

it('heals the other gaps of a venue that no longer knows one symbol', async () => {
  const fixture = new Fixture();
  fixture.publish([gapBetween(500, 510, { symbol: 'OLDUSDT' }), gapBetween(1000, 1010)]);
  const { after } = fixture;
  fixture.after = async (symbol, known, venue) => {
    if (symbol === 'OLDUSDT') throw new Fault('unknown_symbol', 'Invalid symbol.', { retry: { kind: 'never' } });
    return after(symbol, known, venue);
  };
  await fixture.heal();
  expect(fixture.healed().map(({ symbol }) => symbol)).toEqual(['BTCUSDT']);
  expect(fixture.asked.filter((asked) => asked.startsWith('OLD'))).toHaveLength(1);
});

it('waits until the longest window that a gap touches is over', async () => {
  const fixture = new Fixture();
  fixture.windowsMs = [300_000];
  // The gap lies in the window from the fifth to the tenth minute.
  const gap = gapBetween(3100, 3110);
  fixture.now = STARTED_AT + 6 * MINUTE_MS;
  fixture.publish([gap], range(0, 3700));
  const healer = fixture.healer();
  await healer.round();
  fixture.now = STARTED_AT + 9 * MINUTE_MS;
  await healer.round();
  expect(fixture.healed()).toEqual([]);
  fixture.archive.stored.push(...range(3700, 8000).map((number) => trade(number)));
  fixture.now = STARTED_AT + 12 * MINUTE_MS;
  await fixture.heal(healer);
  expect(fixture.healed()).toHaveLength(1);
  const windows = fixture.archive.stored.filter((record) => record.kind === 'trade_stats');
  expect(windows).toEqual([
    expect.objectContaining({ windowStart: STARTED_AT + 300_000, trades: 3000, complete: true }),
  ]);
});

it('reads the trades of a symbol without later trades less and less often', async () => {
  const fixture = new Fixture();
  fixture.publish([gapBetween(1000, 1010)], range(0, 1005));
  const healer = fixture.healer();
  const end = fixture.now + 24 * 60 * MINUTE_MS;
  while (fixture.now < end) fixture.now += Math.max(1, await healer.round());
  expect(fixture.archive.read.filter((topic) => topic === 'trades').length).toBeLessThan(20);
});

it('is busy until the audits of a gap that was fetched in part are computed again', async () => {
  const fixture = new Fixture();
  fixture.publish([gapBetween(1000, 1010)]);
  const { after } = fixture;
  fixture.after = async (...asked) => (await after(...asked)).filter(({ tradeId }) => tradeId !== '1005');
  const healer = fixture.healer();
  fixture.now = STARTED_AT + 2 * MINUTE_MS;
  let dueMs = await healer.round();
  expect(healer.isBusy).toBe(true);
  for (let rounds = 0; healer.isBusy && rounds < 10; rounds++) {
    fixture.now += dueMs;
    dueMs = await healer.round();
  }
  expect(healer.isBusy).toBe(false);
  const audits = fixture.archive.stored.filter((record) => record.kind === 'audit');
  expect(audits).toEqual([expect.objectContaining({ minute: STARTED_AT + MINUTE_MS, trades: 599, verdict: 'gap' })]);
});

it('says that the windows of a fetched gap wait for a later trade, and is not busy meanwhile', async () => {
  const fixture = new Fixture();
  fixture.publish([gapBetween(1000, 1010)], range(0, 1200));
  const healer = fixture.healer();
  await healer.round();
  expect(fixture.lateIds()).toEqual(range(1001, 1010));
  expect(healer.isBusy).toBe(false);
  expect(fixture.leftReasons()).toEqual([expect.stringContaining('wait for a later trade of the symbol')]);
  fixture.archive.stored.push(...range(1200, 5000).map((number) => trade(number)));
  fixture.now += 60 * MINUTE_MS;
  await fixture.heal(healer);
  expect(fixture.healed()).toHaveLength(1);
});

/** A minute whose candle shows one more trade than the published ones, at a venue whose ids jump. */
function candleGap(fixture: Fixture): { readonly gap: Gap; readonly lost: TradeEvent; readonly all: TradeEvent[] } {
  const all = range(0, 400).map((number) =>
    trade(7 * number, { timestamp: STARTED_AT + number * 1000, receivedAt: (STARTED_AT + number * 1000) * 1000 }),
  );
  const lost = all[90] as TradeEvent;
  const [before, after] = [all[59] as TradeEvent, all[120] as TradeEvent];
  const gap = gapBetween(0, 0, {
    ...{ fromId: before.tradeId, toId: after.tradeId, fromTime: before.timestamp, toTime: after.timestamp },
    missing: null,
  });
  const minute = STARTED_AT + MINUTE_MS;
  const audit = sampleAudit({
    ...{ venue: 'binance', symbol: 'BTCUSDT', epoch: 1, minute },
    candleVolume: '60',
    candleTrades: null,
    verdict: 'gap',
    revision: 1,
    hash: '',
    receivedAt: after.receivedAt,
  });
  fixture.archive.stored.push(...all.filter((one) => one !== lost), gap, audit);
  return { gap, lost, all };
}

it('fetches only the lost trade of a minute whose other trades are published', async () => {
  const fixture = new Fixture();
  const { gap, lost, all } = candleGap(fixture);
  fixture.recent = () => all.slice(50, 200).toReversed();
  await fixture.heal();
  expect(fixture.lateIds()).toEqual([Number(lost.tradeId)]);
  expect(fixture.healed()).toEqual([{ ...gap, filled: 1, outcome: 'healed' }]);
});

it("leaves a gap open if the venue's candle has more than the fetched trades", async () => {
  const fixture = new Fixture();
  const { lost, all } = candleGap(fixture);
  fixture.recent = () =>
    all
      .slice(50, 200)
      .filter((one) => one !== lost)
      .toReversed();
  await fixture.heal();
  expect(fixture.healed()).toEqual([]);
  expect(fixture.events).toContainEqual(expect.objectContaining({ kind: 'left', isFinal: true }));
});

it('leaves a gap alone whose own trades may have been deleted', async () => {
  const fixture = new Fixture();
  const gap = gapBetween(1000, 1011, { filled: 5 });
  fixture.publish([gap], range(1011, 8000));
  await fixture.heal();
  expect(fixture.lateIds()).toEqual([]);
  expect(fixture.events).toContainEqual(expect.objectContaining({ kind: 'left', isFinal: true }));
});

it('completes the windows of a symbol that trades once in 50 seconds', async () => {
  const fixture = new Fixture();
  const quiet = range(0, 40).map((number) => {
    const timestamp = STARTED_AT + number * 50_000;
    return trade(number, { timestamp, receivedAt: timestamp * 1000 });
  });
  const times = { fromTime: STARTED_AT + 20 * 50_000, toTime: STARTED_AT + 22 * 50_000 };
  fixture.archive.stored.push(...quiet.filter((_, number) => number !== 21), gapBetween(20, 22, times));
  fixture.after = async (_, { id }) => quiet.slice(Number(id) + 1);
  fixture.now = STARTED_AT + 40 * 50_000;
  await fixture.heal();
  expect(fixture.lateIds()).toEqual([21]);
  const windows = fixture.archive.stored.filter((record) => record.kind === 'trade_stats');
  expect(windows.filter(({ windowMs }) => windowMs === MINUTE_MS).length).toBeGreaterThan(1);
  const audits = fixture.archive.stored.filter((record) => record.kind === 'audit');
  expect(new Set(audits.map(({ verdict }) => verdict))).toEqual(new Set(['proven']));
});
