import { randomInt } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { drawVenueFault } from '../../bench/faults/schedule.ts';
import { identityOf } from '../../src/codec/identity.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import type { Channel, VenueId } from '../../src/domain/instrument.ts';
import type { FeedRecord, Gap, TradeEvent } from '../../src/domain/record.ts';
import { type Pipeline, startPipeline } from '../../src/runtime/run.ts';
import type { FaultRequest } from '../../src/simulator/faults/fault-command.ts';
import { Random } from '../../src/simulator/market/random.ts';
import { createLog } from '../../src/telemetry/log.ts';
import type { JournalEvent } from '../../testing/judges/journal.ts';
import { JournalIndex } from '../../testing/judges/journal-index.ts';
import { auditProblems } from '../../testing/judges/judge-audits.ts';
import { bookProblems, type MadeTops } from '../../testing/judges/judge-books.ts';
import { healingProblems, nameOfGap, openGapsOf } from '../../testing/judges/judge-healing.ts';
import { largeTradeProblems } from '../../testing/judges/judge-large-trades.ts';
import { nameOf, publishedWindowProblems } from '../../testing/judges/judge-windows.ts';
import { TradeJudge } from '../../testing/judges/trade-judge.ts';
import { isFuzz } from '../../testing/properties/seeds.ts';
import { VirtualProcess } from '../../testing/virtual/virtual-process.ts';
import { VirtualSink, VirtualStore } from '../../testing/virtual/virtual-sink.ts';
import { STARTED_AT, VirtualWorld } from '../../testing/virtual/virtual-world.ts';
import { MemoryDisk } from '../sinks/spill/memory-disk.ts';

const ORDERS: readonly (readonly VenueId[])[] = [
  ['bybit', 'binance', 'binance_us'],
  ['binance', 'bybit', 'binance_us'],
  ['binance_us', 'bybit'],
  ['binance'],
  ['bybit'],
  ['bybit', 'binance_testnet'],
];
const CHANNELS: readonly (readonly Channel[])[] = [
  ['trade', 'ticker'],
  ['trade'],
  ['trade', 'book_ticker', 'kline_1m'],
  ['trade', 'depth'],
];
/**
 * Channels for venues with aggregated trades. They never run together with trades, because gaps do not name their
 * channel.
 */
const AGGREGATED: readonly (readonly Channel[])[] = [['agg_trade']];
const SINKS = ['kafka', 'file'] as const;
/** Venues whose trade ids step by one. */
const CONTIGUOUS: ReadonlySet<string> = new Set(['binance', 'binance_us', 'binance_testnet']);
const COINS = ['BTC', 'ETH', 'SOL'];
const SYMBOLS = COINS.map((coin) => `${coin}USDT`);
const RECONNECT = { initial_delay_ms: 500, max_delay_ms: 4000, max_attempts: 10, probe_every_ms: 4000 };
const RATE = 60;
const WINDOWS_MS = [1000, 5000];
const LATENESS_MS = 500;
const LARGE = 3;
const HISTORY = 150;
/** Limit of a spill, megabytes. */
const SPILL_MB = 4;
/** Time before the first fault of the script. */
const BEFORE_MS = 8000;
/** Time from the last fault of the script until all faults are cleared. */
const AFTER_MS = 10_000;
/** Time without faults at the end, in which everything recovers. */
const CALM_MS = 45_000;
/** The same, in tests that only read the records of earlier times. */
const SHORT_CALM_MS = 10_000;
/** The maximum time after the calm in which gaps are healed. */
const HEALING_MS = 240_000;
const LIST_EVERY_MS = 2000;
const MAX_PAUSE_MS = 30_000;

/** The wanted number of runs with new seeds; undefined: the default number with fixed seeds. */
const ASKED_RUNS = process.env.VIRTUAL_RUNS;
const RUNS = Number(ASKED_RUNS ?? (isFuzz ? 30 : 1));
/** True: the test searches for the shortest script that fails, which takes minutes. */
const SHRINKS = process.env.VIRTUAL_SHRINK !== undefined;
const MAX_TEST_MS = SHRINKS ? 3_600_000 : 60_000 + RUNS * 20_000;

/** The happenings that end a process. */
const ENDS: ReadonlySet<string> = new Set(['kill', 'restart', 'takeover']);

type SinkName = (typeof SINKS)[number];

type Happening =
  | { readonly kind: 'venue'; readonly request: FaultRequest }
  | { readonly kind: 'store'; readonly name: SinkName; readonly awayMs: number }
  /** The disk of the spills is full. */
  | { readonly kind: 'disk'; readonly fullMs: number }
  /** `againMs`: more kills; each number is the time from a start to its kill. */
  | { readonly kind: 'kill'; readonly downMs: number; readonly againMs?: readonly number[] }
  | { readonly kind: 'restart'; readonly downMs: number }
  /** Another machine with its own disk takes over. The fenced machine notices that when it writes. */
  | { readonly kind: 'takeover'; readonly livesOnMs: number };

interface Script {
  readonly seed: number;
  readonly venues: readonly VenueId[];
  readonly mode: 'failover' | 'all';
  /** True: missing trades are fetched by REST. */
  readonly backfill: boolean;
  readonly channels: readonly Channel[];
  readonly lines: number;
  /** True: all coins that the venues list, not named ones. */
  readonly allCoins: boolean;
  readonly sinks: readonly SinkName[];
  /** 2: two machines take over from each other. */
  readonly machines: 1 | 2;
  readonly happenings: readonly { readonly afterMs: number; readonly what: Happening }[];
}

const TAKEOVER: fc.WeightedArbitrary<Happening> = {
  weight: 6,
  arbitrary: fc.integer({ min: 0, max: 9000 }).map((livesOnMs) => ({ kind: 'takeover', livesOnMs })),
};

const happeningAt = (
  venues: readonly VenueId[],
  { sinks, machines }: Pick<Script, 'sinks' | 'machines'>,
): fc.Arbitrary<Happening> =>
  fc.oneof(
    {
      weight: 24,
      arbitrary: fc.nat().map((lot): Happening => {
        return { kind: 'venue', request: drawVenueFault(new Random(lot), venues, SYMBOLS) };
      }),
    },
    {
      weight: 2,
      arbitrary: fc
        .tuple(fc.constantFrom(...venues), fc.constantFrom(...SYMBOLS), fc.integer({ min: 1, max: 90 }))
        .map(([venue, symbol, tenths]): Happening => {
          return { kind: 'venue', request: { venue, fault: 'delist_symbol', symbol, seconds: tenths / 10 } };
        }),
    },
    {
      // A kill while one of two sinks is away leaves the other sink ahead, so this is tested often.
      weight: sinks.length > 1 ? 8 : 2,
      arbitrary: fc
        .tuple(fc.constantFrom(...sinks), fc.integer({ min: 1, max: 9000 }))
        .map(([name, awayMs]): Happening => ({ kind: 'store', name, awayMs })),
    },
    {
      weight: 1,
      arbitrary: fc.integer({ min: 1, max: 9000 }).map((fullMs): Happening => ({ kind: 'disk', fullMs })),
    },
    {
      weight: sinks.length > 1 ? 6 : 2,
      arbitrary: fc.integer({ min: 0, max: 5000 }).map((downMs): Happening => ({ kind: 'kill', downMs })),
    },
    {
      weight: 1,
      arbitrary: fc
        .array(fc.integer({ min: 0, max: 600 }), { minLength: 1, maxLength: 3 })
        .map((againMs): Happening => ({ kind: 'kill', downMs: 0, againMs })),
    },
    {
      weight: 2,
      arbitrary: fc.integer({ min: 0, max: 5000 }).map((downMs): Happening => ({ kind: 'restart', downMs })),
    },
    ...(machines > 1 ? [TAKEOVER] : []),
  );

/** Two machines write only to Kafka, because a folder belongs to one machine. */
const venuesAndSinks = fc.tuple(
  fc.constantFrom(...ORDERS),
  fc.constantFrom<Pick<Script, 'sinks' | 'machines'>>(
    { sinks: ['kafka'], machines: 1 },
    { sinks: ['kafka'], machines: 2 },
    { sinks: ['file'], machines: 1 },
    { sinks: SINKS, machines: 1 },
  ),
);

const script: fc.Arbitrary<Script> = venuesAndSinks.chain(([venues, stored]) =>
  fc.record({
    seed: fc.nat(),
    venues: fc.constant(venues),
    mode: fc.constantFrom('failover', 'failover', 'failover', 'all'),
    backfill: fc.constantFrom(true, true, true, true, false),
    channels: fc.constantFrom(...CHANNELS, ...(venues.includes('bybit') ? [] : AGGREGATED)),
    lines: fc.integer({ min: 1, max: 3 }),
    allCoins: fc.constantFrom(true, false, false),
    sinks: fc.constant(stored.sinks),
    machines: fc.constant(stored.machines),
    happenings: fc.array(fc.record({ afterMs: fc.integer({ min: 0, max: 4000 }), what: happeningAt(venues, stored) }), {
      maxLength: 25,
      size: 'max',
    }),
  }),
);

const log = createLog({ level: 'silent' });

interface Played {
  /** The written records by sink, in order, apart from those of healers. */
  readonly written: readonly (readonly FeedRecord[])[];
  /** All records, by sink. */
  readonly stores: readonly VirtualStore[];
  readonly journal: readonly JournalEvent[];
  readonly tops: MadeTops;
  readonly activeVenue: string | null;
  /** Number of records that the last stop left undelivered or in the spill. */
  readonly left: number;
}

/**
 * Runs one pipeline after the other, each until its kill, while everything of the script happens. `calmMs` is shorter
 * where nothing is judged that must recover.
 */
async function play(script: Script, calmMs = CALM_MS): Promise<Played> {
  const { sinks, venues, mode, backfill, channels, lines, allCoins, ...each } = script;
  const world = new VirtualWorld({ seed: each.seed, venues, symbols: COINS.length, rate: RATE });
  const stores = { kafka: new VirtualStore(), file: new VirtualStore() };
  const newDisks = () => ({ kafka: new MemoryDisk(), file: new MemoryDisk() });
  let [disks, otherDisks] = [newDisks(), newDisks()];
  const config = loadConfig({
    values: {
      coins: allCoins ? { all: true } : COINS,
      environment: 'simulated',
      feed: {
        venues,
        mode,
        backfill,
        channels,
        allow_test_data: true,
        fail_back_after_ms: 3000,
        coin_stale_after_ms: 6000,
      },
      venues: Object.fromEntries(venues.map((id) => [id, { lines, reconnect: RECONNECT }])),
      stats: {
        windows_ms: WINDOWS_MS,
        allowed_lateness_ms: LATENESS_MS,
        large_trade_threshold: LARGE,
        history_trades: HISTORY,
      },
      sinks,
      kafka: { brokers: ['virtual:9092'] },
      spill: { max_mb: SPILL_MB },
    },
  });
  const start = (): { readonly process: VirtualProcess; readonly pipeline: Promise<Pipeline> } => {
    const process = new VirtualProcess(world);
    const own = disks;
    const newSink = (name: SinkName) => async () => new VirtualSink(name, world, process, stores[name]);
    const pipeline = startPipeline(config, {
      log,
      ...process.dependencies,
      sinks: { kafka: newSink('kafka'), file: newSink('file') },
      listEveryMs: LIST_EVERY_MS,
      spillDisk: (name) => own[name as SinkName],
    });
    return { process, pipeline };
  };

  let running = start();
  await world.until(running.pipeline);
  await world.pass(BEFORE_MS);
  for (const { afterMs, what } of judgeable(mode, each.happenings)) {
    await world.pass(afterMs);
    switch (what.kind) {
      case 'venue':
        world.fault(what.request);
        break;
      case 'store':
        stores[what.name].awayUntil = world.scheduler.now() + what.awayMs;
        break;
      case 'disk': {
        const full = Object.values(disks);
        for (const disk of full) disk.full = true;
        world.scheduler.after(what.fullMs, () => {
          for (const disk of full) disk.full = false;
        });
        break;
      }
      case 'kill':
        running.process.kill();
        await world.pass(what.downMs);
        for (const ms of what.againMs ?? []) {
          const { process } = start();
          await world.pass(ms);
          process.kill();
        }
        running = start();
        await world.until(running.pipeline);
        break;
      case 'restart': {
        const pipeline = await running.pipeline;
        await world.until(pipeline.stop('restarted'));
        running.process.kill();
        await world.pass(what.downMs);
        running = start();
        await world.until(running.pipeline);
        break;
      }
      case 'takeover': {
        const { process } = running;
        [disks, otherDisks] = [otherDisks, disks];
        running = start();
        await world.until(running.pipeline);
        await world.pass(what.livesOnMs);
        process.kill();
      }
    }
  }
  await world.pass(AFTER_MS);
  world.clearFaults();
  await world.pass(calmMs);
  if (heals(script) && calmMs === CALM_MS)
    for (const end = world.scheduler.now() + HEALING_MS; world.scheduler.now() < end; await world.pass(5000))
      if (sinks.every((name) => healable(stores[name].records).length === 0)) break;
  const pipeline = await running.pipeline;
  const { activeVenue } = pipeline.feed;
  const { undelivered, spilled } = await world.until(pipeline.stop('the run is over'));
  const used = sinks.map((name) => stores[name]);
  const written = used.map(({ records, healed }) => records.filter((record) => !healed.has(record)));
  return { written, stores: used, journal: world.journal, tops: world.tops, activeVenue, left: undelivered + spilled };
}

/** True if all gaps between two trades of a venue with contiguous ids can be healed. */
function heals({ backfill, channels, happenings }: Script): boolean {
  // The venue skips ids, or begins them anew.
  const losesIds = happenings.some(
    ({ what }) => what.kind === 'venue' && (what.request.fault === 'id_jump' || what.request.fault === 'testnet_reset'),
  );
  return backfill && channels.includes('trade') && !losesIds;
}

function healable(records: readonly FeedRecord[]): readonly Gap[] {
  return openGapsOf(records).filter(({ venue }) => CONTIGUOUS.has(venue));
}

/**
 * Leaves out faults whose result the judge cannot check.
 * - A second restart of trade ids: the new ids may by chance continue at the last id. No check can detect that.
 * - A restart of trade ids in mode all: the ids stay in the same epoch, so the judge takes their trades for repeats.
 * - Reordered trades of Bybit before the end of a process: the next process resumes after the latest published trade,
 * and Bybit's ids do not show that earlier ones are missing.
 */
function judgeable(mode: Script['mode'], happenings: Script['happenings']): Script['happenings'] {
  const reset = new Set<string>();
  return happenings.filter(({ what }, at) => {
    if (what.kind !== 'venue') return true;
    if (what.request.fault === 'reorder_trades' && what.request.venue === 'bybit')
      return !happenings.slice(at).some(({ what: { kind } }) => ENDS.has(kind));
    if (what.request.fault !== 'testnet_reset') return true;
    const isFirst = mode !== 'all' && !reset.has(what.request.venue);
    reset.add(what.request.venue);
    return isFirst;
  });
}

/**
 * The checkers of a run. Each problem starts with the name of its checker.
 * - `all-delivered`: a stop leaves nothing undelivered.
 * - `preferred-venue-serves`: at the end, the first venue of the order serves again.
 * - `something-published`: the other checkers had records to check.
 * - `trades-once-in-order`: in an epoch, each trade comes once, in the order of ids, or is inside a published gap.
 * - `epochs-and-gaps`: epochs are announced, position records and gaps are true and written in time, no venue is
 * stale for long.
 * - `books-true`: deltas chain, books equal those of the venue, none stays stale.
 * - `windows-true`: each window comes once; a complete one equals its trades, an incomplete one has a reason.
 * - `large-trades-true`: exactly the large trades, with their mean.
 * - `audits-true`: audits equal the published trades, and agree with the gaps.
 * - `gaps-healed`: late trades come once and lie inside gaps, a healed gap has all its trades and true statistics, and no
 * gap stays open whose trades the venue has.
 */
type Checker =
  | 'all-delivered'
  | 'preferred-venue-serves'
  | 'something-published'
  | 'trades-once-in-order'
  | 'epochs-and-gaps'
  | 'books-true'
  | 'windows-true'
  | 'large-trades-true'
  | 'audits-true'
  | 'gaps-healed';

function by(checker: Checker, problems: readonly string[]): readonly string[] {
  return problems.map((problem) => `${checker}: ${problem}`);
}

/** Runs a script, and returns the problems that the checkers find in the published records. */
async function problemsOf(script: Script): Promise<readonly string[]> {
  const { venues, mode, sinks, happenings } = script;
  const { written, stores, journal, tops, activeVenue, left } = await play(script);
  const isBack = mode === 'all' || activeVenue === venues[0];
  // Statistics are computed once for all sinks, so they agree with the trades only if all sinks have the same trades.
  // Records that a previous owner spilled come late, when it is the owner again.
  const isTakenOver = happenings.some(({ what }) => what.kind === 'takeover');
  const judgesStatistics = !isTakenOver && new Set(written.map(tradesText)).size === 1;
  return [
    ...by('all-delivered', left > 0 ? [`${left} are left`] : []),
    ...by('preferred-venue-serves', isBack ? [] : [`${activeVenue} is active in the end`]),
    ...written.flatMap((all, index) => {
      const journals = seriesOf(mode, venues, journal);
      const problems = seriesOf(mode, venues, all).flatMap((records, at) =>
        recordProblems(script, { records, journal: journals[at] ?? [], tops, judgesStatistics }),
      );
      return problems.map((problem) => `${sinks[index]}: ${problem}`);
    }),
    ...stores.flatMap((store, index) =>
      by('gaps-healed', gapProblems(script, store, journal)).map((problem) => `${sinks[index]}: ${problem}`),
    ),
  ];
}

function gapProblems(script: Script, { records, late }: VirtualStore, journal: readonly JournalEvent[]): string[] {
  const restartsIds = script.happenings.some(
    ({ what }) => what.kind === 'venue' && what.request.fault === 'testnet_reset',
  );
  // Restarted ids do not name one trade.
  if (restartsIds) return [];
  const mayRepeat = script.happenings.some(({ what }) => ENDS.has(what.kind));
  const open = heals(script) ? healable(records) : [];
  return [
    ...healingProblems({ records, late, journal, mayRepeat }),
    ...open.map((gap) => `gap ${nameOfGap(gap)} is still open`),
  ];
}

function windowsOf(records: readonly FeedRecord[]): readonly string[] {
  return records.filter((record) => record.kind === 'trade_stats').map(nameOf);
}

function windowsText(records: readonly FeedRecord[]): string {
  return [...new Set(windowsOf(records))].sort().join('\n');
}

function tradesText(records: readonly FeedRecord[]): string {
  const trades = records.filter((record) => record.kind === 'trade');
  const places = Map.groupBy(trades, ({ venue, symbol, epoch }) => `${venue} ${symbol} ${epoch}`);
  return [...places.keys()]
    .sort()
    .map((place) => `${place}: ${places.get(place)?.map(({ tradeId }) => tradeId)}`)
    .join('\n');
}

/**
 * Splits records into the series that are judged separately: in mode all, one for each venue. Status records are in no
 * series.
 */
function seriesOf<T extends { readonly venue?: string | null; readonly kind: string }>(
  mode: Script['mode'],
  venues: readonly VenueId[],
  all: readonly T[],
): readonly (readonly T[])[] {
  if (mode !== 'all') return [all];
  return venues.map((id) => all.filter(({ venue, kind }) => venue === id || kind === 'status'));
}

/**
 * Problems in a series of records with one order of epochs for each symbol: all venues together or, in mode all, each
 * venue.
 */
function recordProblems(
  { mode, channels, happenings }: Script,
  {
    records,
    journal,
    tops,
    judgesStatistics,
  }: Pick<Played, 'journal' | 'tops'> & { readonly records: readonly FeedRecord[]; readonly judgesStatistics: boolean },
): readonly string[] {
  const index = new JournalIndex();
  for (const event of journal) index.add(event);
  // In mode all, a venue may be away for long, because no other venue replaces it.
  const judge = new TradeJudge(index, {
    venueLosesIds: true,
    ...(mode === 'all' ? {} : { maxPauseMs: MAX_PAUSE_MS }),
  });
  const counted = channels.includes('trade') ? 'trade' : 'agg_trade';
  for (const [place, record] of records.entries()) {
    const at = place + 1;
    if (record.kind === 'position') judge.position(record, at);
    else if (record.kind === 'gap') judge.gap(record, at);
    else if (record.kind === 'status') judge.status(record);
    else if (record.kind === counted) judge.trade({ ...record, kind: 'trade' } as TradeEvent, at);
  }
  const { lost, duplicated, outOfOrder, losses, repeats, problems, published } = judge.verdict();
  const isKilled = happenings.some(({ what }) => what.kind === 'kill' || what.kind === 'takeover');
  const derived = isKilled ? onceEach(records) : records;
  return [
    ...by('something-published', published > 0 ? [] : ['nothing was']),
    ...by('trades-once-in-order', [
      ...(lost + duplicated + outOfOrder > 0 ? [`lost ${lost}, twice ${duplicated}, out of order ${outOfOrder}`] : []),
      ...losses,
      ...repeats,
    ]),
    ...by('epochs-and-gaps', problems),
    ...by(
      'books-true',
      bookProblems(records, tops, {
        // Records that were dropped right before a kill are not reported.
        mayMiss: isKilled ? happenings.some(isOfSink) : records.some(isDropOfDeltas),
      }),
    ),
    ...(counted === 'trade' && judgesStatistics
      ? [
          ...by('windows-true', publishedWindowProblems(derived)),
          ...by('large-trades-true', largeTradeProblems(derived, LARGE, { most: HISTORY, mayMiss: isKilled })),
          ...by('audits-true', auditProblems(records, { contiguous: CONTIGUOUS, mayRepeat: isKilled })),
        ]
      : []),
  ];
}

/** True for events after which the spill may drop records. */
function isOfSink({ what }: Script['happenings'][number]): boolean {
  return what.kind === 'store' || what.kind === 'disk';
}

function isDropOfDeltas(record: FeedRecord): boolean {
  return record.kind === 'status' && Object.keys(record.details).some((name) => /^dropped\..*book-deltas$/.test(name));
}

/**
 * Removes repeated statistics and large trades. A process repeats them if it was killed before it deleted delivered
 * records from the spill.
 */
function onceEach(records: readonly FeedRecord[]): FeedRecord[] {
  const seen = new Set<string>();
  return records.filter((record) => {
    if (record.kind !== 'trade_stats' && record.kind !== 'large_trade') return true;
    const identity = `${record.kind} ${identityOf(record)}`;
    const isNew = !seen.has(identity);
    seen.add(identity);
    return isNew;
  });
}

it(
  'a pipeline in virtual time loses and duplicates nothing under random faults, kills and restarts',
  async () => {
    await fc.assert(
      fc.asyncProperty(script, async (each) => {
        expect(await problemsOf(each)).toEqual([]);
      }),
      { numRuns: RUNS, endOnFailure: !SHRINKS, ...(ASKED_RUNS === undefined ? {} : { seed: randomInt(2 ** 31) }) },
    );
  },
  MAX_TEST_MS,
);

it("a pipeline publishes a book snapshot within 8 s of the sink's return if its full spill dropped book deltas", async () => {
  const awayMs = 9000;
  const { written } = await play(
    {
      ...{ seed: 11, venues: ['binance'], mode: 'failover', backfill: true },
      ...{ channels: ['trade', 'depth'], lines: 1, allCoins: false, sinks: ['kafka'], machines: 1 },
      happenings: [{ afterMs: 0, what: { kind: 'store', name: 'kafka', awayMs } }],
    },
    SHORT_CALM_MS,
  );
  // The sink is retried after at most 5 s. Within 3 s after that, the waiting records are sent, and drops have ended.
  const soonAfter = STARTED_AT + BEFORE_MS + awayMs + 8000;
  const deltas = (written[0] ?? []).filter((record) => record.kind === 'book_delta');
  for (const symbol of SYMBOLS) {
    const own = deltas.filter((delta) => delta.symbol === symbol);
    const broken = own.findIndex(({ snapshot, previousUpdateId }, at) => {
      return !snapshot && previousUpdateId !== own[at - 1]?.lastUpdateId;
    });
    expect(own[broken]).toBeDefined();
    const whole = own.slice(broken).find(({ snapshot }) => snapshot);
    expect((whole?.receivedAt ?? Number.POSITIVE_INFINITY) / 1000).toBeLessThan(soonAfter);
  }
});

it('a pipeline publishes a window that one of two sinks lacks after a kill only to that sink', async () => {
  const { written } = await play(
    {
      ...{ seed: 3, venues: ['binance'], mode: 'failover', backfill: true },
      ...{ channels: ['trade'], lines: 1, allCoins: false, sinks: SINKS, machines: 1 },
      happenings: SINKS.flatMap((name) => [
        { afterMs: 3000, what: { kind: 'store', name, awayMs: 950 } },
        // The kill comes before the waiting records are on disk.
        { afterMs: 900, what: { kind: 'kill', downMs: 10 } },
      ]),
    },
    SHORT_CALM_MS,
  );
  expect(new Set(written.map(windowsText)).size).toBe(1);
  for (const records of written) {
    const windows = windowsOf(records);
    expect(windows.length).toBeGreaterThan(100);
    expect(new Set(windows).size).toBe(windows.length);
  }
});

it('a pipeline publishes the large trades of a run that stops before it has read the records of previous runs', async () => {
  const problems = await problemsOf({
    ...{ seed: 11, venues: ['binance'], mode: 'failover', backfill: true },
    ...{ channels: ['trade'], lines: 1, allCoins: false, sinks: ['kafka'], machines: 1 },
    happenings: [0, 100, 400].map((afterMs) => ({ afterMs, what: { kind: 'restart', downMs: 3000 } })),
  });
  expect(problems).toEqual([]);
});

it('a pipeline delivers spilled aggregated trades of a new epoch once to a sink that is ahead after a kill', async () => {
  const problems = await problemsOf({
    ...{ seed: 1870146131, venues: ['binance'], mode: 'failover', backfill: true },
    ...{ channels: ['agg_trade'], lines: 3, allCoins: false, sinks: SINKS, machines: 1 },
    happenings: [
      { afterMs: 8271, what: { kind: 'venue', request: { venue: 'binance', fault: 'close', line: 1 } } },
      { afterMs: 6923, what: { kind: 'store', name: 'kafka', awayMs: 8988 } },
      { afterMs: 1711, what: { kind: 'venue', request: { venue: 'binance', fault: 'testnet_reset' } } },
      { afterMs: 3963, what: { kind: 'kill', downMs: 4925 } },
    ],
  });
  expect(problems).toEqual([]);
});

it("a pipeline does not repeat the previous run's trades if a symbol comes back to their venue in a new epoch", async () => {
  const us = 'binance_us';
  const symbol = 'BTCUSDT';
  const problems = await problemsOf({
    ...{ seed: 614_972_999, venues: [us, 'bybit'], mode: 'failover', backfill: true, allCoins: false },
    ...{ channels: ['trade', 'book_ticker', 'kline_1m'], lines: 3, sinks: ['kafka'], machines: 2 },
    happenings: [
      { afterMs: 3044, what: { kind: 'venue', request: { venue: us, fault: 'close', line: 'all' } } },
      { afterMs: 613, what: { kind: 'takeover', livesOnMs: 994 } },
      // From now on, Bybit serves the symbol.
      { afterMs: 3172, what: { kind: 'venue', request: { venue: us, fault: 'reject_trades', symbol, seconds: 19.8 } } },
      {
        afterMs: 2484,
        what: { kind: 'venue', request: { venue: 'bybit', fault: 'delist_symbol', symbol, seconds: 6.4 } },
      },
      { afterMs: 3306, what: { kind: 'kill', downMs: 1714 } },
      { afterMs: 504, what: { kind: 'takeover', livesOnMs: 2001 } },
      { afterMs: 2261, what: { kind: 'venue', request: { venue: 'bybit', fault: 'close', line: 2 } } },
      // This process starts at Binance US, and then leaves the symbol to Bybit.
      { afterMs: 4738, what: { kind: 'takeover', livesOnMs: 8987 } },
    ],
  });
  expect(problems).toEqual([]);
});

it('a pipeline without faults keeps its connections, whose venue sends a ping every 20 s', async () => {
  const { written } = await play({
    ...{ seed: 5, venues: ['binance'], mode: 'failover', backfill: true, channels: ['trade'], lines: 1 },
    ...{ allCoins: false, sinks: ['kafka'], machines: 1, happenings: [] },
  });
  const states = (written[0] ?? []).flatMap((record) => (record.kind === 'status' ? [record.state] : []));
  expect(states).toContain('connected');
  expect(states).not.toContain('disconnected');
});

it('a pipeline does not fail back to a preferred venue that has just fallen silent', async () => {
  const silentMs = 4500;
  const { written } = await play(
    {
      ...{ seed: 5, venues: ['bybit', 'binance'], mode: 'failover', backfill: true, channels: ['trade', 'ticker'] },
      ...{ lines: 2, allCoins: false, sinks: ['kafka'], machines: 1 },
      happenings: [
        { afterMs: 0, what: { kind: 'venue', request: { venue: 'bybit', fault: 'refuse', status: 503, seconds: 2 } } },
        // Bybit delivers again some 3 s after the refusal began, and has been healthy for 3 s while it is silent here.
        {
          afterMs: 5000,
          what: { kind: 'venue', request: { venue: 'bybit', fault: 'silence_with_pong', seconds: silentMs / 1000 } },
        },
      ],
    },
    SHORT_CALM_MS,
  );
  const silentFrom = STARTED_AT + BEFORE_MS + 5000;
  const back = (written[0] ?? []).find((record) => record.kind === 'status' && record.state === 'failed_back');
  expect(back).toMatchObject({ venue: 'bybit' });
  expect(back?.kind === 'status' && back.timestamp - silentFrom).toBeGreaterThanOrEqual(silentMs);
});

it('a script of faults replays with the same records, so that a failure can be reproduced', async () => {
  const each: Script = {
    seed: 7,
    venues: ['bybit', 'binance', 'binance_us'],
    mode: 'failover',
    backfill: true,
    channels: ['trade', 'ticker'],
    lines: 2,
    allCoins: false,
    sinks: ['kafka'],
    machines: 1,
    happenings: [
      { afterMs: 0, what: { kind: 'venue', request: { venue: 'bybit', fault: 'silence_without_pong', seconds: 6.5 } } },
      { afterMs: 2000, what: { kind: 'store', name: 'kafka', awayMs: 5000 } },
      { afterMs: 4000, what: { kind: 'kill', downMs: 700 } },
      { afterMs: 3000, what: { kind: 'venue', request: { venue: 'bybit', fault: 'refuse_rest', seconds: 4 } } },
    ],
  };
  const [first, second] = [await play(each, SHORT_CALM_MS), await play(each, SHORT_CALM_MS)];
  expect(second.journal).toEqual(first.journal);
  const withoutName = ({ written }: Played) =>
    written.flat().map((record) => (record.kind === 'status' ? { ...record, instance: '' } : record));
  expect(withoutName(second)).toEqual(withoutName(first));
});
