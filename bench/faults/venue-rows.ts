/** The rows of the fault matrix for faults of the serving venue. */
import type { VenueId } from '../../src/domain/instrument.ts';
import type { FeedStatus } from '../../src/domain/record.ts';
import type { FaultRequest } from '../../src/simulator/faults/fault-command.ts';
import { AFTER_CLOSE_MS, AFTER_SILENCE_MS, type Expectation, type Row } from './row.ts';

type Fault = Omit<FaultRequest, 'venue'>;

/** The standby of each serving venue. Rows with `alone` in their name have no standby. */
const STANDBY: Readonly<Record<VenueId, VenueId>> = {
  binance: 'bybit',
  bybit: 'binance',
  binance_us: 'binance',
  binance_testnet: 'binance',
};

interface VenueRow {
  readonly name: string;
  readonly fault: string;
  readonly cut: string;
  readonly venues: readonly VenueId[];
  readonly alone?: boolean;
  readonly faults: readonly Fault[];
  /** Time until the fault is over, seconds. */
  readonly seconds?: number;
  readonly noticedBy?: (status: FeedStatus, venue: VenueId) => boolean;
  readonly expected: Expectation;
  readonly more?: Partial<Row>;
}

const ONE = '1 of 2';
const BOTH = 'both';
const NONE = 'none';

/** No trade is missing, not even inside a gap: the other line, the repair or the standby delivers it. */
const WHOLE: Expectation = { inGaps: 'none', withinMs: AFTER_CLOSE_MS };
const WHOLE_AFTER_SILENCE: Expectation = { inGaps: 'none', withinMs: AFTER_SILENCE_MS };
/** No trade is missing, but data may stop until the venue is back: there is no standby. */
const WHOLE_EVENTUALLY: Expectation = { inGaps: 'none' };
/** Trades may be missing, but only inside published gaps. */
const GAPS_ALLOWED: Expectation = { inGaps: 'allowed', withinMs: AFTER_CLOSE_MS };

const disconnected = reports('disconnected');
const stale = reports('feed_stale');

function reports(...states: readonly string[]) {
  return (status: FeedStatus, venue: VenueId) => states.includes(status.state) && status.venue === venue;
}

/** Rows for a channel without data for all symbols: on one line, and on both lines for `bothSeconds`. */
function muteChannel(
  channel: 'trade' | 'ticker' | 'book_ticker' | 'kline_1m' | 'depth',
  bothSeconds: number,
  bothNoticedWithinMs: number,
): Row[] {
  const fault = `no data of channel ${channel}`;
  const what: Fault = { fault: 'mute_channel', channel: channel === 'kline_1m' ? 'kline' : channel };
  const noticedBy = (status: FeedStatus, venue: VenueId): boolean =>
    stale(status, venue) && status.cause === 'channel_mute' && status.channel === channel;
  const more = { feed: { channels: ['trade', 'ticker', 'book_ticker', 'kline_1m', 'depth'] } };
  return [
    ...rowsOf({
      ...{ name: `mute-${channel}-one`, fault, cut: ONE, venues: TWO, seconds: 9, noticedBy, more },
      faults: [{ ...what, line: 1, seconds: 9 }],
      // Candles come only every two seconds, so the feed may notice their absence two seconds later.
      expected: { ...WHOLE, noticedWithinMs: channel === 'kline_1m' ? 9000 : 7000 },
    }),
    ...rowsOf({
      ...{ name: `mute-${channel}-both`, fault, cut: BOTH, venues: TWO, seconds: bothSeconds, noticedBy, more },
      faults: [{ ...what, line: 'all', seconds: bothSeconds }],
      // The feed first subscribes again, then replaces the connection. The standby serves after 15 s without trades.
      expected: {
        inGaps: 'none',
        noticedWithinMs: bothNoticedWithinMs,
        withinMs: channel === 'trade' ? 22_000 : AFTER_CLOSE_MS,
      },
    }),
  ];
}

/** Rows for a link that carries fewer bytes a second than the data of a line needs (about 100,000). */
function slowLink(strength: string, bytesPerSecond: number): Row[] {
  const fault = `slow link, ${bytesPerSecond / 1000} kB/s`;
  const noticedBy = (status: FeedStatus, venue: VenueId): boolean => stale(status, venue) && status.cause === 'late';
  return (['one', 'both'] as const).flatMap((lines) =>
    rowsOf({
      ...{ name: `slow-link-${strength}-${lines}`, fault, cut: lines === 'one' ? ONE : BOTH, venues: TWO },
      ...{ noticedBy, seconds: 12 },
      faults: [{ fault: 'slow_trickle', line: lines === 'one' ? 1 : 'all', count: bytesPerSecond, seconds: 12 }],
      // The data is 2 s late after at most 7 s. The feed reports it after two late seconds in a row.
      expected: { ...(lines === 'one' ? WHOLE : WHOLE_AFTER_SILENCE), noticedWithinMs: 10_000 },
    }),
  );
}

function rowsOf({ name, fault, cut, venues, alone, faults, seconds, noticedBy, expected, more }: VenueRow): Row[] {
  return venues.map((venue) => ({
    name: `${name}/${venue}${alone === true ? '-alone' : ''}`,
    fault,
    cut,
    venues: alone === true ? [venue] : [venue, STANDBY[venue]],
    act: async (scene) => {
      await scene.inject(...faults.map((one) => ({ ...one, venue })));
      if (seconds !== undefined) await scene.wait(seconds);
    },
    ...(noticedBy === undefined ? {} : { noticedBy: (status: FeedStatus) => noticedBy(status, venue) }),
    // Bybit's missing trades cannot be fetched, because its ids are not contiguous. If Bybit is back before the standby
    // serves, a gap stays.
    expected:
      venue === 'bybit' && cut === BOTH && expected.inGaps === 'none' ? { ...expected, inGaps: 'allowed' } : expected,
    ...more,
  }));
}

const THREE: readonly VenueId[] = ['binance', 'bybit', 'binance_us'];
const TWO: readonly VenueId[] = ['binance', 'bybit'];
const CONTIGUOUS: readonly VenueId[] = ['binance', 'binance_us'];

/** Rows for a fault of one line and of both lines, with a ready standby. */
function cuts(
  name: string,
  fault: string,
  what: Fault,
  more: Pick<VenueRow, 'seconds' | 'noticedBy'>,
  both: Expectation,
): Row[] {
  return [
    ...rowsOf({
      ...{ name: `${name}-one`, fault, cut: ONE, venues: THREE, faults: [{ ...what, line: 1 }] },
      ...{ ...more, expected: WHOLE },
    }),
    ...rowsOf({
      ...{ name: `${name}-both`, fault, cut: BOTH, venues: THREE, faults: [{ ...what, line: 'all' }] },
      ...{ ...more, expected: both },
    }),
  ];
}

/** Faults of the serving venue. The pipeline and its broker have none. */
export const VENUE_ROWS: readonly Row[] = [
  ...rowsOf({
    ...{ name: 'none', fault: 'no fault', cut: NONE, venues: THREE, faults: [], seconds: 5, expected: WHOLE },
    more: {
      act: async (scene) => {
        scene.markBegun();
        await scene.wait(5);
      },
    },
  }),

  ...cuts('close', 'connection closed by the venue', { fault: 'close' }, { noticedBy: disconnected }, WHOLE),
  ...rowsOf({
    ...{ name: 'close-both', fault: 'connection closed by the venue', cut: BOTH, venues: CONTIGUOUS, alone: true },
    ...{ faults: [{ fault: 'close' }], noticedBy: disconnected, expected: WHOLE_EVENTUALLY },
  }),
  ...rowsOf({
    ...{ name: 'close-both', fault: 'connection closed by the venue', cut: BOTH, venues: ['bybit'], alone: true },
    ...{ faults: [{ fault: 'close' }], noticedBy: disconnected, expected: { inGaps: 'some' } },
  }),
  ...cuts('reset', 'connection reset', { fault: 'reset' }, { noticedBy: disconnected }, WHOLE),

  ...cuts(
    'silence-with-pong',
    'no data, but pings are answered',
    { fault: 'silence_with_pong', seconds: 8 },
    { seconds: 8, noticedBy: stale },
    WHOLE_AFTER_SILENCE,
  ),
  ...cuts(
    'silence-without-pong',
    'no data, no answer to pings (half open)',
    { fault: 'silence_without_pong', seconds: 8 },
    { seconds: 8, noticedBy: stale },
    WHOLE_AFTER_SILENCE,
  ),

  ...rowsOf({
    ...{ name: 'mute-symbol-one', fault: 'no data of one symbol', cut: ONE, venues: TWO, seconds: 10 },
    faults: [{ fault: 'mute_symbol', line: 1, symbol: 'BTCUSDT', seconds: 10 }],
    ...{ expected: WHOLE, more: { symbol: 'BTCUSDT' } },
  }),
  ...rowsOf({
    ...{ name: 'mute-symbol-both', fault: 'no data of one symbol', cut: BOTH, venues: THREE, seconds: 16 },
    faults: [{ fault: 'mute_symbol', line: 'all', symbol: 'BTCUSDT', seconds: 16 }],
    noticedBy: (status, venue) => stale(status, venue) && status.coin === 'BTC',
    // The symbol is stale after 5 s. If a new subscription brings no data for 5 s either, the standby serves.
    expected: { inGaps: 'none', withinMs: 12_000 },
    more: { symbol: 'BTCUSDT' },
  }),

  ...rowsOf({
    ...{ name: 'halt', fault: 'one symbol halted by the venue', cut: BOTH, venues: TWO, seconds: 75 },
    faults: [{ fault: 'halt_symbol', symbol: 'ETHUSDT', seconds: 75 }],
    noticedBy: reports('instrument_halted'),
    // While a symbol has no data, its venue's instrument list is requested every 30 s. If it lacks the symbol, the next
    // list must confirm that.
    expected: { ...WHOLE, withinMs: 14_000, noticedWithinMs: 70_000 },
    more: { symbol: 'ETHUSDT' },
  }),
  ...muteChannel('trade', 24, 9000),
  ...muteChannel('ticker', 30, 30_000),
  ...muteChannel('book_ticker', 12, 12_000),
  ...muteChannel('kline_1m', 30, 30_000),
  ...muteChannel('depth', 12, 12_000),

  ...rowsOf({
    ...{ name: 'close-loop', fault: 'each new connection is closed at once', cut: BOTH, venues: THREE },
    ...{ faults: [{ fault: 'close_loop', seconds: 8 }], seconds: 8, noticedBy: disconnected, expected: WHOLE },
  }),
  ...rowsOf({
    ...{ name: 'refuse-country', fault: 'country blocked', cut: BOTH, venues: THREE, seconds: 6 },
    ...{ faults: [{ fault: 'refuse', seconds: 6 }], noticedBy: disconnected, expected: WHOLE },
  }),
  ...[403, 429, 503].flatMap((status) =>
    rowsOf({
      ...{ name: `refuse-${status}`, fault: `refusal with HTTP ${status}`, cut: BOTH, venues: TWO },
      ...{ faults: [{ fault: 'refuse', status, seconds: 6 }], seconds: 6 },
      ...{ noticedBy: disconnected, expected: WHOLE },
    }),
  ),
  ...rowsOf({
    ...{ name: 'refuse-503', fault: 'refusal with HTTP 503', cut: BOTH, venues: TWO, alone: true, seconds: 5 },
    ...{ faults: [{ fault: 'refuse', status: 503, seconds: 5 }], noticedBy: disconnected },
    expected: { inGaps: 'allowed' },
  }),

  ...rowsOf({
    ...{ name: 'slow-trickle-one', fault: 'slow link, 200 B/s', cut: ONE, venues: TWO, seconds: 8 },
    ...{ faults: [{ fault: 'slow_trickle', line: 1, seconds: 8 }], expected: WHOLE },
  }),
  ...rowsOf({
    ...{ name: 'slow-trickle-both', fault: 'slow link, 200 B/s', cut: BOTH, venues: TWO, seconds: 8 },
    ...{ faults: [{ fault: 'slow_trickle', line: 'all', seconds: 8 }], expected: WHOLE_AFTER_SILENCE },
  }),
  ...slowLink('weak', 60_000),
  ...slowLink('medium', 30_000),
  ...slowLink('strong', 6000),

  ...rowsOf({
    ...{ name: 'server-shutdown-one', fault: 'serverShutdown announced', cut: ONE, venues: CONTIGUOUS, seconds: 5 },
    ...{ faults: [{ fault: 'server_shutdown', line: 1, seconds: 4 }] },
    ...{ noticedBy: reports('session_rotated', 'disconnected'), expected: WHOLE },
  }),
  ...rowsOf({
    ...{ name: 'server-shutdown-both', fault: 'serverShutdown announced', cut: BOTH, venues: CONTIGUOUS, seconds: 5 },
    ...{ faults: [{ fault: 'server_shutdown', line: 'all', seconds: 4 }] },
    ...{ noticedBy: reports('session_rotated', 'disconnected'), expected: WHOLE },
  }),
  ...rowsOf({
    ...{ name: 'maintenance', fault: 'maintenance announced', cut: NONE, venues: ['bybit'], seconds: 6 },
    ...{ faults: [{ fault: 'maintenance', seconds: 6 }], noticedBy: reports('session_rotated'), expected: WHOLE },
  }),
  ...rowsOf({
    ...{ name: 'lifetime', fault: '24-hour close of each line in turn', cut: `${ONE}, then the other` },
    ...{ venues: ['binance'], faults: [], noticedBy: disconnected, expected: WHOLE },
    more: {
      simulator: { lifetimeMs: 14_000 },
      act: async (scene) => {
        // Both lines opened at the same time, so the venue would close them together. One is closed first, so that
        // their ages differ.
        await scene.inject({ venue: 'binance', fault: 'close', line: 1 });
        await scene.wait(22);
      },
    },
  }),

  ...rowsOf({
    ...{ name: 'skip-one', fault: '20 trades left out', cut: ONE, venues: CONTIGUOUS, seconds: 1 },
    faults: [{ fault: 'skip_trades', line: 1, symbol: 'BTCUSDT', count: 20 }],
    expected: WHOLE,
  }),
  ...rowsOf({
    ...{ name: 'skip-one', fault: '20 trades left out', cut: ONE, venues: ['bybit'], seconds: 1 },
    faults: [{ fault: 'skip_trades', line: 1, symbol: 'BTCUSDT', count: 20 }],
    // The other line delivers the skipped trades. If the first line has delivered a later trade before, a skipped trade
    // is published as a gap.
    expected: GAPS_ALLOWED,
  }),
  ...rowsOf({
    ...{ name: 'skip-both', fault: '20 trades left out', cut: BOTH, venues: CONTIGUOUS, seconds: 2 },
    faults: [{ fault: 'skip_trades', line: 'all', symbol: 'BTCUSDT', count: 20 }],
    ...{ noticedBy: reports('gap_detected'), expected: WHOLE },
  }),
  ...rowsOf({
    ...{ name: 'skip-both', fault: '20 trades left out', cut: BOTH, venues: ['bybit'], seconds: 2 },
    faults: [{ fault: 'skip_trades', line: 'all', symbol: 'BTCUSDT', count: 20 }],
    expected: { ...WHOLE, notDetectable: true },
  }),
  ...rowsOf({
    ...{ name: 'repeat-both', fault: 'repeated trades', cut: BOTH, venues: THREE, seconds: 3 },
    ...{ faults: [{ fault: 'repeat_trades', line: 'all', count: 500 }], expected: WHOLE },
  }),
  ...rowsOf({
    ...{ name: 'reorder-one', fault: 'reordered trades', cut: ONE, venues: CONTIGUOUS, seconds: 2 },
    faults: [{ fault: 'reorder_trades', line: 1, symbol: 'BTCUSDT', count: 10 }],
    expected: WHOLE,
  }),
  ...rowsOf({
    ...{ name: 'reorder-one', fault: 'reordered trades', cut: ONE, venues: ['bybit'], seconds: 2 },
    faults: [{ fault: 'reorder_trades', line: 1, symbol: 'BTCUSDT', count: 10 }],
    expected: GAPS_ALLOWED,
  }),
  ...rowsOf({
    ...{ name: 'reorder-both', fault: 'reordered trades', cut: BOTH, venues: CONTIGUOUS, seconds: 2 },
    faults: [{ fault: 'reorder_trades', line: 'all', symbol: 'BTCUSDT', count: 10 }],
    expected: WHOLE,
  }),
  ...rowsOf({
    ...{ name: 'reorder-both', fault: 'reordered trades', cut: BOTH, venues: ['bybit'], seconds: 2 },
    faults: [{ fault: 'reorder_trades', line: 'all', symbol: 'BTCUSDT', count: 10 }],
    // Bybit's ids are not contiguous, so the feed does not wait for earlier trades. It publishes a trade that comes
    // after a later one as a gap.
    expected: { ...GAPS_ALLOWED, inGaps: 'some' },
  }),
  ...rowsOf({
    ...{ name: 'malformed', fault: '500 malformed frames', cut: BOTH, venues: TWO, seconds: 4 },
    ...{ faults: [{ fault: 'malformed', line: 'all', count: 500 }], expected: WHOLE },
  }),
  ...rowsOf({
    ...{ name: 'big-frame', fault: '20 MB frame', cut: BOTH, venues: TWO, seconds: 3 },
    ...{ faults: [{ fault: 'big_frame', line: 'all', count: 20 }], expected: WHOLE },
  }),
  ...rowsOf({
    ...{ name: 'huge-frame', fault: '40 MB frame, more than max_frame_mb', cut: BOTH, venues: ['binance'] },
    ...{ faults: [{ fault: 'big_frame', line: 'all', count: 40 }], seconds: 3, noticedBy: disconnected },
    // The frame ends both lines. Making and sending 40 MB may take longer than a close.
    expected: { inGaps: 'none', withinMs: AFTER_SILENCE_MS },
  }),

  ...[429, 503].flatMap((status) => [
    ...[
      { venues: ['binance'] as const, expected: WHOLE },
      // After 5 s, the last trades from Binance US's REST API may not reach back to the gap. Of aggregated trades, only
      // those entirely in the gap count.
      { venues: ['binance_us'] as const, expected: { ...GAPS_ALLOWED } },
    ].flatMap(({ venues, expected }) =>
      rowsOf({
        ...{ name: `rest-${status}`, fault: `REST ${status} for 5 s during backfill`, cut: BOTH, venues },
        faults: [
          { fault: 'refuse_rest', status, seconds: 5 },
          { fault: 'skip_trades', line: 'all', symbol: 'BTCUSDT', count: 20 },
        ],
        ...{ seconds: 9, noticedBy: reports('gap_detected', 'rate_limited'), expected },
      }),
    ),
    ...rowsOf({
      ...{ name: `rest-${status}-long`, fault: `REST ${status} for 16 s, longer than trades wait`, cut: BOTH },
      venues: ['binance'],
      faults: [
        { fault: 'refuse_rest', status, seconds: 16 },
        { fault: 'skip_trades', line: 'all', symbol: 'BTCUSDT', count: 20 },
      ],
      ...{ seconds: 17, noticedBy: reports('gap_detected', 'gap_unrepaired', 'rate_limited') },
      expected: { ...GAPS_ALLOWED, inGaps: 'some' },
    }),
  ]),

  ...rowsOf({
    ...{ name: 'bad-rows', fault: 'REST rows without a price during backfill', cut: BOTH, venues: CONTIGUOUS },
    faults: [
      { fault: 'bad_rows', symbol: 'BTCUSDT', count: 2, seconds: 10 },
      { fault: 'skip_trades', line: 'all', symbol: 'BTCUSDT', count: 20 },
    ],
    ...{ seconds: 12, noticedBy: reports('gap_detected') },
    // Half of the REST rows cannot be read. They are trades at Binance, and aggregated trades at Binance US.
    expected: { ...GAPS_ALLOWED, inGaps: 'some' },
  }),
  ...rowsOf({
    ...{ name: 'refuse-main-host', fault: 'country blocked, except at the market-data-only host', cut: ONE },
    venues: ['binance'],
    faults: [
      { fault: 'refuse_main_host', seconds: 6 },
      { fault: 'close', line: 1 },
    ],
    ...{ seconds: 6, noticedBy: disconnected, expected: WHOLE, more: { dataOnly: true } },
  }),
  ...(['bid', 'ask'] as const).flatMap((side) =>
    rowsOf({
      ...{ name: `no-${side}s`, fault: `no best ${side} of a symbol`, cut: NONE, venues: TWO },
      ...{ faults: [{ fault: `no_${side}s`, symbol: 'ETHUSDT', seconds: 6 }], seconds: 6, expected: WHOLE },
      more: { feed: { channels: ['trade', 'ticker', 'book_ticker'] } },
    }),
  ),
  ...rowsOf({
    ...{ name: 'empty-book', fault: 'a symbol without orders and trades', cut: NONE, venues: TWO },
    ...{ faults: [{ fault: 'empty_book', symbol: 'ETHUSDT', seconds: 6 }], seconds: 6, expected: WHOLE },
    more: { feed: { channels: ['trade', 'ticker', 'depth'] }, symbol: 'BTCUSDT' },
  }),
  ...rowsOf({
    ...{ name: 'untraded', fault: 'a symbol that has never traded', cut: NONE, venues: TWO },
    ...{ faults: [{ fault: 'untraded', symbol: 'ETHUSDT', seconds: 6 }], seconds: 6, expected: WHOLE },
    more: { symbol: 'BTCUSDT' },
  }),

  ...rowsOf({
    ...{ name: 'all-down', fault: 'all venues down for 6 s', cut: BOTH, venues: TWO, faults: [] },
    ...{ noticedBy: disconnected, expected: { inGaps: 'allowed' } },
    more: {
      act: async (scene) => {
        await scene.inject({ venue: 'all', fault: 'refuse', status: 503, seconds: 6 });
        await scene.wait(6);
      },
    },
  }),
  ...rowsOf({
    ...{ name: 'testnet-reset', fault: 'testnet reset', cut: BOTH, venues: ['binance_testnet'], alone: true },
    ...{ faults: [{ fault: 'testnet_reset' }], seconds: 4, noticedBy: disconnected, expected: { inGaps: 'allowed' } },
  }),
  ...rowsOf({
    ...{ name: 'testnet-reset', fault: 'ids start again, as at a testnet reset', cut: BOTH, venues: ['binance'] },
    ...{ faults: [{ fault: 'testnet_reset' }], seconds: 4, noticedBy: disconnected, expected: GAPS_ALLOWED },
  }),
];
