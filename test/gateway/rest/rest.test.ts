import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { toJson } from '../../../src/codec/json-view.ts';
import { loadConfig } from '../../../src/config/load-config.ts';
import { nameOfGap } from '../../../src/domain/trade-id.ts';
import { bookFigures } from '../../../src/market/book/book-figures.ts';
import { depthDistribution } from '../../../src/market/book/depth-distribution.ts';
import { liquidityScore } from '../../../src/market/book/liquidity-score.ts';
import { quantityImpacts } from '../../../src/market/book/price-impact.ts';
import { LargeTrades } from '../../../src/market/trades/large-trades.ts';
import { TradeHistory } from '../../../src/market/trades/trade-history.ts';
import { gatewayOptions } from '../../../src/serving/gateway-options.ts';
import { gapRecord, kline } from '../../../testing/judges/events.ts';
import {
  bookDelta,
  heartbeat,
  NOW,
  orderBook,
  price,
  status,
  trade,
  tradeStats,
  venueAge,
} from '../../../testing/records/gateway-records.ts';
import { sampleAudit, sampleInstrument } from '../../../testing/records/sample-records.ts';
import { gatewayUnderTest, type Row } from '../gateway-under-test.ts';
import { SNAPSHOT } from '../status-snapshot.ts';

const BTC = '/api/assets/crypto/BTC/';
const SERIES = { symbol: 'BTCUSDT', coin: 'BTC', venue: 'bybit', environment: 'simulated', epoch: 1 };

const trades = Array.from({ length: 250 }, (_, at) =>
  trade(at + 1, {
    price: String(100 + (at % 7) / 10),
    quantity: at === 240 ? '50' : String(0.5 + (at % 3)),
    isBuyerMaker: at % 3 === 0,
    conditions: at === 100 ? ['block'] : [],
  }),
);

describe('gateway REST: the feed', () => {
  it('returns the last price of each symbol with its age, and marks stale prices', async () => {
    const { publish, json, time } = await gatewayUnderTest();
    publish(heartbeat({ halted: ['ETHUSDT'], symbols: ['BTCUSDT', 'ETHUSDT'] }), price('100'), price('100.5'));
    publish(price('7', { symbol: 'ETHUSDT', coin: 'ETH' }));
    const { prices } = await json('/api/prices');
    expect(prices).toEqual([
      { ...toJson(price('100.5')), age_ms: 100, stale: false },
      { ...toJson(price('7', { symbol: 'ETHUSDT', coin: 'ETH' })), age_ms: 100, stale: true },
    ]);
    time.pass(3500);
    expect((await json('/api/prices')).prices).toMatchObject([{ stale: true }, { stale: true }]);
  });

  it('returns how far each open gap is healed, if the pipeline knows it', async () => {
    const { publish, look, json } = await gatewayUnderTest();
    const [first, second] = [gapRecord({ toId: '9' }), gapRecord({ fromId: '20', toId: '30' })];
    publish(price('100'), first, second);
    expect(await json('/api/gaps')).toMatchObject({ gaps: [{ healing: null }, { healing: null }] });
    const progress = { state: 'healing', fetched: 5, reason: '' } as const;
    look({ ...SNAPSHOT, healing: [{ gap: nameOfGap(first), ...progress }] });
    const healing = async () => ((await json('/api/gaps')) as { gaps: readonly { healing: unknown }[] }).gaps;
    expect(await healing()).toEqual([
      { ...toJson(second), healing: null },
      { ...toJson(first), healing: progress },
    ]);
    publish({ ...first, outcome: 'healed', filled: 7 });
    expect(await healing()).toMatchObject([{ outcome: 'unrepaired' }, { outcome: 'healed', healing: null }]);
  });

  it('returns the audited minutes of a symbol, in mode all those of one venue', async () => {
    const minute = NOW - (NOW % 60_000);
    const of = { symbol: 'BTCUSDT', venue: 'bybit', minute: minute - 60_000, trades: 3, backfilled: 1 };
    const audits = [
      sampleAudit({ ...of, verdict: 'gap', reason: 'trades are missing: see gaps' }),
      sampleAudit({ ...of, venue: 'binance', verdict: 'proven' }),
      sampleAudit({ ...of, symbol: 'ETHUSDT', minute }),
    ];
    for (const mode of ['failover', 'all'] as const) {
      const { publish, json } = await gatewayUnderTest({}, { mode });
      publish(price('100'), price('101', { venue: 'binance' }));
      expect(await json(`${BTC}audits?venue=binance`)).toMatchObject({ latest: null, minutes: [] });
      publish(...audits);
      const { minutes, ...rest } = await json(`${BTC}audits?venue=binance`);
      expect(rest).toEqual({ ...SERIES, venue: 'binance', latest: minute });
      const [trades, backfilled] = mode === 'all' ? [3, 1] : [6, 2];
      const verdict = mode === 'all' ? 'proven' : 'gap';
      const reason = mode === 'all' ? '' : 'trades are missing: see gaps';
      expect(minutes).toEqual([{ minute: of.minute, verdict, trades, backfilled, reason }]);
    }
  });

  it('returns the last record of each instrument', async () => {
    const { publish, json } = await gatewayUnderTest();
    const btc = sampleInstrument({ symbol: 'BTCUSDT', coin: 'BTC' });
    const halted = { ...btc, status: 'halted', receivedAt: btc.receivedAt + 1 };
    const atBinance = { ...btc, venue: 'binance' };
    const eth = sampleInstrument({ symbol: 'ETHUSDT', coin: 'ETH' });
    publish(heartbeat({ symbols: ['BTCUSDT', 'ETHUSDT'] }), btc, atBinance, eth, halted);
    expect(await json('/api/instruments')).toEqual({ instruments: [halted, atBinance, eth].map(toJson) });
    expect(await json('/api/instruments?symbol=ethusdt')).toEqual({ instruments: [toJson(eth)] });
  });

  it('marks testnet prices and order books as stale if the feed is a production feed', async () => {
    const { publish, json } = await gatewayUnderTest();
    publish(heartbeat({}, { environment: 'production' }));
    publish(price('1', { environment: 'testnet' }), orderBook({ environment: 'testnet' }));
    expect(await json('/api/prices')).toMatchObject({ prices: [{ stale: true }] });
    expect(await json(BTC)).toMatchObject({ stale: true, book_stale: true });
    expect(await json(`${BTC}orderbook`)).toMatchObject({ stale: true });
  });

  it('counts ages from the event: the time since the receipt, and how late the venue delivers', async () => {
    const { publish, json } = await gatewayUnderTest();
    const ageAt = async (eventLagMs: number): Promise<number> => {
      publish(heartbeat({ venueAges: [{ ...venueAge('bybit', 10), eventLagMs }] }), price('100.5'));
      const { prices } = (await json('/api/prices')) as { prices: readonly { age_ms: number }[] };
      return prices[0]?.age_ms ?? Number.NaN;
    };
    const sinceReceipt = await ageAt(0);
    expect(await ageAt(1500)).toBe(sinceReceipt + 1500);
    // Within the uncertainty of the clock offset, data may seem to arrive before its event.
    expect(await ageAt(-3)).toBe(sinceReceipt);
  });

  it('shows the tier of each coin of the configured list', async () => {
    const file = join(await mkdtemp(join(tmpdir(), 'market-feed-tiers-')), 'coins.json');
    onTestFinished(() => rm(dirname(file), { recursive: true }));
    const symbols = { bybit: 'BTCUSDT', binance: null, binance_us: null, binance_testnet: null };
    await writeFile(file, JSON.stringify([{ coin: 'BTC', tier: 2, symbols }]));
    const { tiers = {} } = gatewayOptions(loadConfig({ values: { coins: file } }));
    const { publish, json } = await gatewayUnderTest({}, { tiers });
    publish(price('100.5'), price('7', { symbol: 'ADAUSDT', coin: 'ADA' }));
    expect(await json(BTC)).toMatchObject({ coin: 'BTC', tier: 2 });
    expect(await json('/api/status')).toMatchObject({
      coins: [
        { coin: 'BTC', tier: 2 },
        { coin: 'ADA', tier: null },
      ],
    });
  });

  it('builds the status from the published records, without a status snapshot', async () => {
    const { publish, json, time } = await gatewayUnderTest();
    publish(
      heartbeat({ venueAges: [venueAge('bybit', 10), venueAge('binance', 7000)] }),
      price('100.5', { change24h: '-1.5' }),
      trade(1),
    );
    publish(status('feed_stale', { venue: 'binance', reason: 'no data', cause: 'socket_dead' }));
    publish(status('sink_unavailable', { reason: 'kafka: refused', cause: 'kafka' }));
    time.pass(500);
    expect(await json('/api/status')).toMatchObject({
      environment: 'simulated',
      source: 'topics',
      instance: 'a',
      active_venue: 'bybit',
      trading: { state: 'allowed', reason: '' },
      halted: [],
      venues: [
        { venue: 'bybit', state: 'connected', active: true, lines: null },
        { venue: 'binance', state: 'stale', reason: 'no data', active: false },
      ],
      coins: [{ coin: 'BTC', price: '100.5', change_24h: '-1.5', flow: 'strong_sell', buy_ratio: 0, stale: false }],
      sinks: [{ name: 'kafka', state: 'down', reason: 'kafka: refused' }],
      gateway: { clients: 0, max_clients: 2000 },
    });
    expect(await json('/api/events?limit=1&symbols=false')).toMatchObject({
      events: [{ state: 'sink_unavailable' }],
      complete_since: NOW,
      instance_spans: [{ instance: 'a', from: NOW, to: NOW, stopped: false }],
    });
  });

  it('says why a symbol is halted: in general after a start, with the prices once a record has them', async () => {
    const { publish, json } = await gatewayUnderTest();
    const reason = async () => ((await json('/api/status')).coins as Row[])[0]?.halt_reason;
    publish(heartbeat(), price('100'));
    expect(await reason()).toBe(null);
    publish(heartbeat({ halted: ['BTCUSDT'] }));
    expect(await reason()).toBe('the feed reports BTCUSDT as stale');
    const disputed = { halted: ['BTCUSDT'], disputedPrices: ['BTCUSDT'] };
    publish(heartbeat(disputed));
    expect(await reason()).toBe('the price of BTCUSDT is far from the prices of the other venues');
    publish(status('price_disputed', { venue: 'bybit', symbol: 'BTCUSDT', coin: 'BTC', reason: 'BTC costs 100' }));
    expect(await reason()).toBe('BTC costs 100');
    publish(heartbeat(disputed));
    expect(await reason()).toBe('BTC costs 100');
    publish(heartbeat({ halted: ['BTCUSDT'], haltedInstruments: ['BTCUSDT'] }));
    expect(await reason()).toBe('BTCUSDT does not trade at its venue');
    publish(heartbeat());
    expect(await reason()).toBe(null);
  });

  it('says in one headline what trading, venues and sinks do, and what is missing, the same in /readyz', async () => {
    const { publish, look, json, time } = await gatewayUnderTest();
    const headline = async () => (await json('/api/status')).headline as Row;
    expect((await headline()).text).toBe('trading unknown: no heartbeat of the feed yet · venue unknown');
    publish(
      heartbeat({ halted: ['BTCUSDT'] }),
      status('sink_unavailable', { reason: 'kafka: refused', cause: 'kafka' }),
    );
    expect(await headline()).toMatchObject({
      text: 'trading allowed · venue bybit · sink kafka is down: refused · 1 symbol halted: BTCUSDT',
      serving: { venue: 'bybit', since: null, instead_of: null, names: ['bybit'] },
      missing: [
        { type: 'sink', count: 1 },
        { type: 'halted', count: 1 },
      ],
    });
    publish(heartbeat({ halted: ['BTCUSDT'] }));
    look({ ...SNAPSHOT, counts: { gaps: 20, dead_letters: 40 } });
    const text = String((await headline()).text);
    expect(text).toContain(' · 20 gaps · 40 dead letters');
    publish(heartbeat({ halted: ['BTCUSDT'] }));
    expect(await json('/readyz', 503)).toMatchObject({ details: { headline: text } });
    time.pass(3100);
    expect((await headline()).text).toMatch(
      /^trading unknown: no heartbeat of the feed for \d+ s · venue unknown \(last: bybit/,
    );
  });

  it('answers /readyz with 503 and the reasons while the feed is not ready', async () => {
    const { publish, get, json, time } = await gatewayUnderTest();
    expect(await json('/healthz')).toEqual({ status: 'ok' });
    expect(await json('/readyz', 503)).toMatchObject({
      error: 'not_ready',
      details: { reasons: ['feed: no heartbeat of the feed yet'] },
    });
    publish(heartbeat());
    expect(await json('/readyz')).toEqual({
      ready: true,
      reasons: [],
      headline: expect.stringMatching(/^trading allowed · venue bybit/),
    });
    publish(heartbeat({ trading: 'halted', tradingReason: 'testnet' }));
    expect(await json('/readyz', 503)).toMatchObject({ details: { reasons: ['feed: testnet'] } });
    publish(heartbeat(), status('sink_unavailable', { reason: 'refused', cause: 'kafka' }));
    expect(await json('/readyz', 503)).toMatchObject({ details: { reasons: ['sink kafka is down: refused'] } });
    publish(status('sink_recovered', { cause: 'kafka' }));
    expect((await get('/readyz')).status).toBe(200);
    time.pass(3100);
    expect(await json('/readyz', 503)).toMatchObject({ error: 'not_ready' });
    expect(await json('/healthz')).toEqual({ status: 'ok' });
  });

  it('names no paths and hosts in /readyz for requests without the token', async () => {
    const { publish, get } = await gatewayUnderTest({ token: 'sesame' });
    publish(heartbeat(), status('sink_unavailable', { reason: "ENOTDIR, open '/data/trades'", cause: 'file' }));
    const reasons = async (init: RequestInit) => ((await (await get('/readyz', init)).json()) as Row).details;
    expect(JSON.stringify(await reasons({}))).not.toContain('/data');
    expect(await reasons({})).toMatchObject({ reasons: ['sink file is down'] });
    expect(await reasons({ headers: { authorization: 'Bearer wrong' } })).toMatchObject({
      reasons: ['sink file is down'],
    });
    expect(await reasons({ headers: { authorization: 'Bearer sesame' } })).toMatchObject({
      reasons: ["sink file is down: ENOTDIR, open '/data/trades'"],
    });
  });

  it('serves metrics in the Prometheus text format', async () => {
    const { publish, get } = await gatewayUnderTest();
    publish(heartbeat(), trade(1), trade(2));
    const answer = await get('/metrics');
    expect(answer.headers.get('content-type')).toContain('text/plain');
    const text = await answer.text();
    expect(text).toContain('market_feed_gateway_records_total{kind="trade"} 2');
    expect(text).toContain('market_feed_ready 1');
    expect(text).toContain('market_feed_venue_active{venue="bybit"} 1');
    expect(text).toContain('market_feed_event_loop_delay_seconds_count{thread="gateway"}');
  });

  it('counts the stale order books of all instances in the metrics', async () => {
    const { publish, get } = await gatewayUnderTest();
    publish(
      heartbeat({ symbols: ['BTCUSDT'], staleBooks: ['BTCUSDT'] }),
      heartbeat({ symbols: ['ETHUSDT'] }, { instance: 'b' }),
    );
    expect(await (await get('/metrics')).text()).toContain('\nmarket_feed_stale_books 1\n');
  });

  it('increases the age of a symbol in the metrics while no new status snapshot arrives', async () => {
    const { look, get } = await gatewayUnderTest();
    look({
      at: NOW - 7000,
      startedAt: NOW - 60_000,
      environment: 'simulated',
      mode: 'failover',
      activeVenue: 'bybit',
      trading: { state: 'allowed', reason: '' },
      serving: { venue: 'bybit', since: null, insteadOf: null, why: '' },
      halted: [],
      venues: [],
      coins: [
        {
          coin: 'BTC',
          symbol: 'BTCUSDT',
          venue: 'bybit',
          epoch: 1,
          price: '1',
          change24h: null,
          tradesPerSecond: 0,
          ageMs: 500,
          stale: false,
          haltReason: null,
        },
      ],
      quality: [],
      klines: [],
      healing: [],
      shards: [],
      sinks: [],
      counts: {},
    });
    expect(await (await get('/metrics')).text()).toContain(
      'market_feed_symbol_age_seconds{symbol="BTCUSDT",venue="bybit"} 7.5',
    );
  });
});

describe('gateway REST: one symbol', () => {
  it('returns trades, trade flow, volume profile and large trades as src/market computes them', async () => {
    const { publish, json } = await gatewayUnderTest();
    publish(...trades);
    const history = new TradeHistory();
    for (const each of trades) history.add(each);
    const latest = (await json(`${BTC}trades?limit=3`)) as { trades: unknown[] };
    expect(latest).toMatchObject({ ...SERIES, block_trades: 1 });
    expect(latest.trades).toEqual(history.latest(3).map((each) => toJson(each)));
    for (const window of [1, 17, 249, 1000]) {
      const { figures } = (await json(`${BTC}trade-flow?window=${window}`)) as { figures: Record<string, unknown> };
      const wanted = history.lastTrades(window);
      expect(figures).toMatchObject({ trades: wanted?.trades, vwap: wanted?.vwap, buy_value: wanted?.buyValue });
    }
    const { profile } = (await json(`${BTC}volume-profile?bins=5`)) as { profile: Record<string, unknown> };
    expect(profile).toMatchObject({ volume: history.volumeProfile(5)?.volume, bins: { length: 5 } });
    for (const threshold of [1.5, 20]) {
      const judge = new LargeTrades({ threshold });
      const wanted = trades
        .filter(({ conditions }) => !conditions.includes('block'))
        .flatMap((each) => {
          const figures = judge.next(each);
          return figures === undefined ? [] : [toJson({ ...each, kind: 'large_trade', ...figures })];
        });
      expect(wanted.length).toBeGreaterThan(0);
      expect(await json(`${BTC}large-trades?threshold=${threshold}`)).toEqual({
        ...SERIES,
        threshold,
        large_trades: wanted.reverse(),
      });
    }
  });

  it('compares a trade with the 1000 trades before it, even if the history holds fewer', async () => {
    const { publish, json } = await gatewayUnderTest({}, { historyTrades: 10 });
    publish(...Array.from({ length: 995 }, (_, at) => trade(at + 1, { quantity: '1' })));
    publish(
      ...Array.from({ length: 9 }, (_, at) => trade(at + 996, { quantity: '3' })),
      trade(1005, { quantity: '10' }),
    );
    const { large_trades: large } = await json(`${BTC}large-trades?threshold=9`);
    expect(large).toMatchObject([{ trade_id: '1005', average_quantity: '1.018' }]);
  });

  it('returns order book figures as src/market computes them, and marks a stale book', async () => {
    const { publish, json } = await gatewayUnderTest();
    const book = orderBook();
    publish(heartbeat(), book);
    const figures = bookFigures({ bids: book.bids.slice(0, 1), asks: book.asks.slice(0, 1) });
    expect(await json(`${BTC}orderbook?levels=1`)).toEqual({
      ...toJson(book),
      bids: [{ price: '99.5', quantity: '2' }],
      asks: [{ price: '100.5', quantity: '1' }],
      age_ms: 100,
      stale: false,
      levels_known: 2,
      price_range: { low: '99', high: '101' },
      spread: '1',
      spread_pct: 1,
      mid: '100',
      microprice: figures.microprice,
      imbalance: figures.imbalance,
    });
    expect(await json(`${BTC}depth-summary`)).toMatchObject({
      ...SERIES,
      bid_levels: 2,
      liquidity_score: liquidityScore(book),
      figures: { bid_volume: '3.25', ask_volume: '4' },
    });
    const { bands } = (await json(`${BTC}depth-distribution`)) as { bands: { up_to: string; bids: object }[] };
    expect(bands.map(({ up_to, bids }) => [up_to, bids])).toEqual(
      depthDistribution(book)?.map(({ upTo, bids }) => [upTo, Number(upTo) <= 1 ? bids : null]),
    );
    const { impacts } = (await json(`${BTC}price-impact?side=buy&quantities=1,2.5,100`)) as { impacts: object[] };
    expect(impacts).toMatchObject(
      quantityImpacts(book, 'buy', ['1', '2.5', '100']).map(({ averagePrice, slippageBps, complete }) => ({
        average_price: averagePrice,
        slippage_bps: slippageBps,
        complete,
      })),
    );
    publish(orderBook({ stale: true }));
    expect(await json(`${BTC}orderbook`)).toMatchObject({ stale: true });
    expect(await json(BTC)).toMatchObject({ coin: 'BTC', book_stale: true, book: { stale: true } });
  });

  it('computes book figures from the whole known book, and returns null for bands that it does not cover', async () => {
    const { publish, json } = await gatewayUnderTest();
    const side = (prices: readonly string[]) => prices.map((price) => ({ price, quantity: '1' }));
    // The mid is 100. The bids are known to 98.5, the asks to 100.4.
    const known = {
      bids: side(['99.9', '99.5', '99.2', '98.5']),
      asks: side(['100.1', '100.2', '100.3', '100.4']),
    };
    publish(heartbeat(), orderBook({ bids: known.bids.slice(0, 1), asks: known.asks.slice(0, 1) }));
    expect(await json(`${BTC}depth-summary`)).toMatchObject({
      levels_known: 1,
      price_range: { low: '99.9', high: '100.1' },
      bid_levels: 1,
    });
    publish(bookDelta({ snapshot: true, worstKnownBid: '98.5', worstKnownAsk: '100.4', ...known }));
    publish(bookDelta({ previousUpdateId: '7', lastUpdateId: '8', asks: side(['107', '108']) }));
    const covered = { levels_known: 4, price_range: { low: '98.5', high: '100.4' }, update_id: '8' };
    expect(await json(`${BTC}depth-summary`)).toMatchObject({
      ...covered,
      bid_levels: 4,
      ask_levels: 4,
      liquidity_score: liquidityScore(known),
      figures: { bid_volume: '4', ask_volume: '4' },
    });
    expect(await json(`${BTC}depth-summary?levels=2`)).toMatchObject({ ...covered, bid_levels: 2 });
    expect(await json(BTC)).toMatchObject({ book: { ...covered, bid_levels: 4 } });
    const { bands, ...rest } = (await json(`${BTC}depth-distribution`)) as { bands: Row[] };
    expect(rest).toMatchObject(covered);
    const levels = (name: string) => bands.map((band) => (band[name] as { levels: number } | null)?.levels ?? null);
    expect(bands.map(({ up_to: upTo }) => upTo)).toEqual(['0.1', '0.25', '0.5', '1', '2', '5']);
    expect(levels('bids')).toEqual([1, 0, 1, 1, null, null]);
    expect(levels('cumulative_bids')).toEqual([1, 1, 2, 3, null, null]);
    expect(levels('asks')).toEqual([1, 1, null, null, null, null]);
    expect(levels('cumulative_asks')).toEqual([1, 2, null, null, null, null]);
    const { impacts, ...about } = (await json(`${BTC}price-impact?side=buy&quantities=3,5`)) as { impacts: Row[] };
    expect(about).toMatchObject(covered);
    expect(impacts).toMatchObject([
      { worst_price: '100.3', complete: true },
      { filled_quantity: '4', complete: false },
    ]);
    // Without `levels`, as many as are published.
    expect(await json(`${BTC}orderbook`)).toMatchObject({ ...covered, bids: known.bids.slice(0, 1) });
    expect(await json(`${BTC}orderbook?levels=3`)).toMatchObject({ ...covered, bids: known.bids.slice(0, 3) });
    expect(await json(`${BTC}orderbook?levels=5000`)).toMatchObject({ ...covered, ...known });
    expect(await json(`${BTC}orderbook?levels=3&step=0.2`)).toMatchObject({
      ...covered,
      bids: [{ price: '99.8' }, { price: '99.4' }, { price: '99.2' }],
      asks: [
        { price: '100.2', quantity: '2' },
        { price: '100.4', quantity: '2' },
      ],
      spread: '0.2',
    });
  });

  it('returns trade windows as published, and builds longer candles from shorter ones', async () => {
    const { publish, json } = await gatewayUnderTest();
    publish(tradeStats(NOW - 1000, { windowMs: 1000 }));
    // Without a length, the longest configured one is meant, also before such a window is closed.
    expect(await json(`${BTC}trade-stats`, 404)).toMatchObject({
      message: expect.stringContaining('no window of 60000 ms'),
      details: { windows_ms: [1000] },
    });
    publish(tradeStats(NOW - 120_000), tradeStats(NOW - 60_000));
    const stats = (await json(`${BTC}trade-stats`)) as { windows: unknown[] };
    expect(stats).toMatchObject({ ...SERIES, window_ms: 60_000, latest: toJson(tradeStats(NOW - 60_000)) });
    expect(stats.windows).toHaveLength(2);
    expect(await json(`${BTC}trade-stats?window=7`, 404)).toMatchObject({ details: { windows_ms: [1000, 60_000] } });

    const open = Math.floor(NOW / 300_000) * 300_000;
    const of = { venue: 'bybit', environment: 'simulated', epoch: 1 } as const;
    publish(...[0, 1, 2, 3, 4, 5].map((minute) => kline(open + minute * 60_000, NOW, { ...of, closed: minute < 5 })));
    expect(((await json(`${BTC}klines?limit=2`)) as { klines: unknown[] }).klines).toMatchObject([
      { open_time: open + 240_000, closed: true },
      { open_time: open + 300_000, closed: false },
    ]);
    expect(((await json(`${BTC}klines?interval=5m`)) as { klines: unknown[] }).klines).toMatchObject([
      { interval: '5m', open_time: open, close_time: open + 299_999, volume: '15', trade_count: 20, closed: true },
      { interval: '5m', open_time: open + 300_000, volume: '3', closed: false },
    ]);
    expect(await json(`${BTC}klines?interval=1s`, 404)).toMatchObject({ error: 'no_data' });
  });

  it('returns only the trades of the newest epoch and environment', async () => {
    const { publish, json } = await gatewayUnderTest();
    publish(trade(1), trade(2), trade(9, { epoch: 2, venue: 'binance' }), trade(3));
    expect(await json(`${BTC}trades`)).toMatchObject({ venue: 'binance', epoch: 2, trades: [{ trade_id: '9' }] });
    expect(await json(`${BTC}trades?venue=bybit`, 404)).toMatchObject({ details: { served_by: 'binance' } });

    publish(trade(10, { epoch: 2, venue: 'binance', environment: 'testnet' }));
    expect(await json(`${BTC}trades`)).toMatchObject({ environment: 'testnet', trades: [{ trade_id: '10' }] });
  });

  it('keeps the venues and their epochs apart in mode all', async () => {
    const { publish, json } = await gatewayUnderTest({}, { mode: 'all' });
    const all = { symbol: 'ETHUSDT', coin: 'ETH', epoch: 4 } as const;
    publish(trade(1, all), trade(2, { ...all, venue: 'binance', epoch: 1 }), trade(3, all));
    const eth = '/api/assets/crypto/eth/trades';
    expect(await json(eth)).toMatchObject({ venue: 'bybit', trades: [{ trade_id: '3' }, { trade_id: '1' }] });
    expect(await json(`${eth}?venue=binance`)).toMatchObject({ venue: 'binance', trades: [{ trade_id: '2' }] });
  });
});

describe('gateway REST: errors', () => {
  it.each([
    ['/nothing', 404, 'not_found', {}],
    [`${BTC}nothing`, 404, 'not_found', {}],
    ['/api/assets/crypto/BTCUSD/trades', 404, 'unknown_symbol', { symbol: 'BTCUSD', nearest: 'BTCUSDT' }],
    [`${BTC}orderbook`, 404, 'no_data', { symbol: 'BTCUSDT' }],
    [
      `${BTC}trades?limit=0`,
      400,
      'bad_request',
      { field: 'limit', allowed: 'a whole number from 1 to 1000', found: 0 },
    ],
    [`${BTC}trades?limit=abc`, 400, 'bad_request', { field: 'limit', found: 'abc' }],
    [`${BTC}trades?limt=5`, 400, 'bad_request', { field: 'limt', allowed: 'limit, venue' }],
    [`${BTC}trades?venue=kraken`, 400, 'bad_request', { field: 'venue' }],
    [`${BTC}price-impact?side=buy`, 400, 'bad_request', { field: 'quantities' }],
    [`${BTC}price-impact?side=buy&quantities=1,-2`, 400, 'bad_request', { field: 'quantities', found: '1,-2' }],
    [`${BTC}price-impact?side=up&quantities=1`, 400, 'bad_request', { field: 'side', allowed: 'buy, sell' }],
    ['/api/prices?x=1', 400, 'bad_request', { field: 'x', allowed: 'no parameters' }],
    ['/ws/', 426, 'upgrade_required', {}],
    ['/%E0%A4%A', 400, 'bad_request', {}],
  ])('answers %s with %i %s', async (path, code, error, details) => {
    const { publish, json } = await gatewayUnderTest();
    publish(trade(1));
    expect(await json(path, code)).toMatchObject({ error, message: expect.any(String), details });
  });

  it('says without a regular expression what is wrong, and which parameter is given more than once', async () => {
    const { publish, json } = await gatewayUnderTest();
    publish(trade(1));
    const messageOf = async (path: string) => (await json(`${BTC}${path}`, 400)).message;
    expect(await messageOf('price-impact?side=buy&quantities=x')).toMatch(/^quantities is wrong; allowed: [^^]+$/);
    expect(await messageOf('trades?limit=2&limit=3')).toMatch(
      /^limit is given more than once; allowed: a whole number/,
    );
  });

  it.each(['POST', 'PUT', 'PATCH', 'DELETE'])('answers %s with 405', async (method) => {
    const { get } = await gatewayUnderTest();
    const answer = await get('/api/prices', { method, ...(method === 'DELETE' ? {} : { body: '<a/>' }) });
    expect(answer.status).toBe(405);
    expect(answer.headers.get('allow')).toBe('GET, HEAD');
    expect(await answer.json()).toMatchObject({ error: 'method_not_allowed' });
  });

  it.each([
    ['a head that is too long', `GET / HTTP/1.1\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`, '431', 'too_large'],
    ['no HTTP', 'hello\r\n\r\n', '400', 'bad_request'],
  ])('answers with an error in JSON: %s', async (_what, bytes, code, error) => {
    const { url } = await gatewayUnderTest();
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.write(bytes);
    const [head = '', body = ''] = (await text(socket)).split('\r\n\r\n');
    expect(head).toContain(`HTTP/1.1 ${code}`);
    expect(JSON.parse(body)).toMatchObject({ error, message: expect.any(String), details: {} });
  });
});

describe('gateway REST: access', () => {
  it('requires the token if one is set, except for /healthz, pages and the API document', async () => {
    const { get } = await gatewayUnderTest({ token: 'sesame' });
    for (const path of ['/api/prices', '/api/assets/crypto/BTC/', '/metrics', '/ws/'])
      expect([path, (await get(path)).status]).toEqual([path, 401]);
    for (const path of ['/healthz', '/', '/docs/json']) expect([path, (await get(path)).status]).toEqual([path, 200]);
    expect((await get('/api/nothing')).status).toBe(404);
    const withToken = (token: string) => get('/api/prices', { headers: { authorization: `Bearer ${token}` } });
    const unauthorized = async (answer: Response) => {
      expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
      return ((await answer.json()) as { message: string }).message;
    };
    expect(await unauthorized(await withToken('sesam'))).toMatch(/^the token is wrong: /);
    expect(await unauthorized(await get('/api/prices'))).toMatch(/^a token is needed: /);
    expect((await withToken('sesame')).status).toBe(200);
    expect((await get('/api/prices?token=sesame')).status).toBe(401);
  });

  it('serves /metrics only without a slash at the end, because a proxy may block this path alone', async () => {
    const { get } = await gatewayUnderTest();
    const codes = ['/metrics', '/metrics?x', '/metrics/', '/metrics/?x'].map(async (path) => (await get(path)).status);
    expect(await Promise.all(codes)).toEqual([200, 200, 404, 404]);
    const blocks = {
      'deploy/proxy/nginx.conf': 'location /metrics {',
      'deploy/proxy/Caddyfile': 'respond /metrics* 404',
    };
    for (const [file, block] of Object.entries(blocks)) expect(readFileSync(file, 'utf8')).toContain(block);
  });

  it('allows cross-origin reads only for the listed origins', async () => {
    const { get } = await gatewayUnderTest({ allowedOrigins: ['https://example.org/'] });
    const allowed = async (origin: string) =>
      (await get('/api/prices', { headers: { origin } })).headers.get('access-control-allow-origin');
    expect(await allowed('https://example.org')).toBe('https://example.org');
    expect(await allowed('https://example.com')).toBeNull();
  });

  it('sends an ETag, compresses long answers and forbids pages to load from other hosts', async () => {
    const { publish, get } = await gatewayUnderTest();
    publish(...trades);
    const answer = await get(`${BTC}trades?limit=100`);
    expect(answer.headers.get('content-encoding')).toBe('gzip');
    const etag = answer.headers.get('etag') ?? '';
    expect((await get(`${BTC}trades?limit=100`, { headers: { 'if-none-match': etag } })).status).toBe(304);
    expect(answer.headers.get('content-security-policy')).toMatch(/^default-src 'self';/);
    expect(await (await get('/docs')).text()).not.toMatch(/(src|href)="(https?:)?\/\//);
  });
});

describe('the dashboard', () => {
  it('is served if it is built; otherwise a page explains how to build it', async () => {
    const bare = await gatewayUnderTest();
    expect(await (await bare.get('/')).text()).toContain('make dashboard');

    const dir = await mkdtemp(join(tmpdir(), 'market-feed-dashboard-'));
    onTestFinished(() => rm(dir, { recursive: true }));
    await writeFile(join(dir, 'index.html'), '<p>here</p>');
    const built = await gatewayUnderTest({}, { dashboardDir: dir });
    expect(await (await built.get('/')).text()).toBe('<p>here</p>');
  });
});
