import { describe, expect, it } from 'vitest';
import { renderStatus, type StatusView } from '../../../src/cli/terminal/live-status.ts';
import { type PriceMemory, remember } from '../../../src/cli/terminal/price-memory.ts';
import { textWidth } from '../../../src/cli/terminal/terminal-text.ts';
import type { CoinSnapshot, StatusSnapshot, VenueSnapshot } from '../../../src/domain/status-snapshot.ts';

const COINS = 'BTC ETH SOL BNB XRP ADA DOGE AVAX DOT LINK LTC POL UNI ATOM NEAR APT ARB OP FIL TRX'.split(' ');
const AT = Date.UTC(2026, 10, 21, 8, 31, 5);

const figures = (p99: number) => ({ count: 1000, p50: p99 / 2, p99, p999: p99 * 2, max: p99 * 3 });

const UNTIMED = { venueToSocket: null, socketToEmitted: null };

function venue(name: string, more: Partial<VenueSnapshot> = {}): VenueSnapshot {
  return {
    venue: name,
    state: 'connected',
    environment: 'production',
    active: false,
    linesUp: 2,
    lines: 2,
    ageMs: 20,
    frames: 12_345,
    reconnects: 0,
    reason: '',
    eventLagMs: null,
    lineLags: [],
    clock: { estimate: { offsetMs: 12.5, uncertaintyMs: 8 }, failures: 0 },
    latencyMs: { venueToSocket: figures(34.4), socketToEmitted: figures(0.31) },
    ...more,
  };
}

function coin(name: string, index: number, step: number): CoinSnapshot {
  const price = String(64_250 - index * 3000 + step * (index % 3 === 0 ? 1.5 : index % 3 === 1 ? -0.25 : 0));
  return {
    coin: name,
    symbol: `${name}USDT`,
    venue: 'bybit',
    epoch: 1,
    price,
    change24h: String(index - 8),
    tradesPerSecond: index * 7.5,
    ageMs: 120,
    stale: name === 'LINK',
  };
}

function snapshot(step: number, more: Partial<StatusSnapshot> = {}): StatusSnapshot {
  return {
    at: AT + step * 2000,
    startedAt: AT - 65_000,
    environment: 'production',
    mode: 'failover',
    quality: [],
    klines: [],
    activeVenue: 'bybit',
    trading: { state: 'allowed', reason: '' },
    serving: { venue: 'bybit', since: null, insteadOf: null, why: '' },
    halted: [],
    venues: [
      venue('bybit', { active: true }),
      venue('binance', { ageMs: 35 }),
      venue('binance_us', {
        state: 'stale',
        linesUp: 1,
        ageMs: 6123,
        reconnects: 3,
        reason: 'no data on line 1 (subscription_mute)',
      }),
      venue('binance_testnet', {
        state: 'region_blocked',
        linesUp: 0,
        ageMs: null,
        frames: 0,
        reason: '451 Unavailable For Legal Reasons',
        environment: 'testnet',
      }),
    ],
    coins: COINS.map((name, index) => coin(name, index, step)),
    sinks: [
      {
        name: 'file',
        state: 'up',
        reason: '',
        queued: 12,
        lagMs: 14,
        delivered: 123_456,
        dropped: 0,
        latencyMs: { emittedToAcknowledged: figures(6.2) },
      },
    ],
    counts: { trades: 48_000, prices: 12_492, book_tickers: 32_000, klines: 160, gaps: 0, dead_letters: 2 },
    ...more,
  };
}

function view(current: StatusSnapshot): StatusView {
  const memory = [snapshot(0), snapshot(1), current].reduce<PriceMemory>(
    (before, { coins }) => remember(before, coins),
    new Map(),
  );
  return {
    snapshot: current,
    memory,
    notes: {
      latest: (most) =>
        [
          { level: 'warn', text: '08:31:02 binance_us line 1: closed' } as const,
          { level: 'info', text: '08:31:03 trading resumed: the feed is healthy' } as const,
        ].slice(-most),
    },
    hints: ['files  data/demo', 'read   market-feed tail trades --dir data/demo'],
  };
}

const render = (columns: number, rows: number, more: Partial<StatusSnapshot> = {}) =>
  renderStatus(view(snapshot(2, more)), { columns, rows, color: false });

describe('renderStatus as text', () => {
  it('shows twenty coins in two columns at 79 × 24', () =>
    expect(`\n${render(79, 24).join('\n')}\n`).toMatchSnapshot());
  it('shows each coin in a row with trend, age and venue at 119 × 45', () =>
    expect(`\n${render(119, 45).join('\n')}\n`).toMatchSnapshot());
  it('shows as many coins as fit at 59 × 20', () => expect(`\n${render(59, 20).join('\n')}\n`).toMatchSnapshot());
  it('shows placeholders before the first data', () => {
    const nothing = {
      activeVenue: null,
      serving: { venue: null, since: null, insteadOf: null, why: '' },
      trading: { state: 'halted', reason: 'no venue has delivered yet' } as const,
      venues: [venue('bybit', { state: 'connecting', linesUp: 0, ageMs: null, frames: 0, latencyMs: UNTIMED })],
      coins: COINS.slice(0, 3).map((name, index) => ({
        ...coin(name, index, 0),
        price: null,
        change24h: null,
        venue: null,
        epoch: 0,
        ageMs: null,
        tradesPerSecond: 0,
        stale: false,
      })),
      counts: {},
      sinks: [],
    };
    const lines = renderStatus(
      { snapshot: snapshot(0, nothing), memory: new Map(), notes: { latest: () => [] }, hints: [] },
      { columns: 79, rows: 24, color: false },
    );
    expect(`\n${lines.join('\n')}\n`).toMatchSnapshot();
  });
});

describe('the row of a venue with a reason', () => {
  const blocked = (reason: string) =>
    ({ venues: [venue('bybit', { state: 'region_blocked', frames: 4321, reason })] }) satisfies Partial<StatusSnapshot>;
  const line = (columns: number, reason: string) =>
    render(columns, 24, blocked(reason)).find((text) => text.includes('region blocked')) ?? '';

  it('keeps the counters and shortens the reason at 99 columns', () =>
    expect(line(99, 'HTTP 451: Service unavailable')).toMatch(/ 4,321 +0 {2}HTTP 451: Service un…$/));
  it('keeps the counters and a short reason at 90 columns', () =>
    expect(line(90, 'HTTP 451')).toMatch(/ 4,321 +0 {2}HTTP 451$/));
  it('drops the counters at 79 columns to keep the complete reason', () =>
    expect(line(79, 'HTTP 451: no')).toMatch(/– +HTTP 451: no$|ms {2}HTTP 451: no$/));
});

describe('the row of latencies', () => {
  const lineOf = (columns: number, rows: number, more: Partial<StatusSnapshot> = {}) =>
    render(columns, rows, more).find((text) => text.startsWith(' p99'));

  it('shows the latencies of the active venue and of the sink', () => {
    const venues = [venue('bybit'), venue('binance', { active: true })];
    expect(lineOf(99, 40, { venues })).toBe(' p99  binance → socket 34 ms  socket → feed 0.3 ms  feed → file 6.2 ms');
  });

  it('shows the latencies of the slowest venue if no venue is active', () => {
    const slow = { venueToSocket: figures(250), socketToEmitted: null };
    const venues = [venue('bybit'), venue('binance', { latencyMs: slow }), venue('binance_us')];
    expect(lineOf(99, 40, { venues })).toBe(' p99  binance → socket 250 ms  feed → file 6.2 ms');
  });

  it('omits whole stages if there is little room, and is absent if there is none', () => {
    expect(lineOf(60, 40)).toBe(' p99  bybit → socket 34 ms  socket → feed 0.3 ms');
    expect(lineOf(79, 25)).toBeDefined();
    expect(lineOf(79, 24)).toBeUndefined();
  });

  it('is absent before anything is measured', () => {
    expect(lineOf(99, 40, { venues: [venue('bybit', { latencyMs: UNTIMED })], sinks: [] })).toBeUndefined();
  });
});

it('renderStatus fills the free rows with notes, after a blank row if there is room for it', () => {
  const notes = {
    latest: (most: number) =>
      Array.from({ length: most }, (_, index) => ({ level: 'warn', text: `note ${index}` }) as const),
  };
  const drawn = (rows: number) => renderStatus({ ...view(snapshot(2)), notes }, { columns: 119, rows, color: false });
  const plain = drawn(37).findLastIndex((text) => text !== '' && !text.includes('note'));
  expect(drawn(60)).toHaveLength(60);
  expect(drawn(60).slice(plain + 1)[0]).toBe('');
  expect(drawn(60).filter((text) => text.includes('note'))).toHaveLength(60 - plain - 2);
  expect(drawn(plain + 2)).toHaveLength(plain + 2);
  expect(drawn(plain + 2).at(-1)).toBe(' ! note 0');
});

describe('renderStatus at any size', () => {
  const sizes = [1, 10, 20, 40, 59, 79, 80, 99, 119, 160, 250].flatMap((columns) =>
    [1, 5, 12, 16, 24, 25, 40, 60].map((rows) => [columns, rows] as const),
  );
  it.each(sizes)('%d × %d stays within the size of the terminal', (columns, rows) => {
    const lines = render(columns, rows);
    expect(lines.length).toBeLessThanOrEqual(rows);
    for (const line of lines) expect(textWidth(line)).toBeLessThanOrEqual(columns);
  });

  it.each([
    [79, 24],
    [119, 24],
    [79, 40],
    [199, 24],
  ])('%d × %d shows all twenty coins', (columns, rows) => {
    const text = render(columns, rows, { environment: 'simulated' }).join('\n');
    for (const name of COINS) expect(text).toMatch(new RegExp(`[ !]${name} `));
  });

  it('shows how many coins do not fit', () => {
    const text = render(59, 16).join('\n');
    const shown = COINS.filter((name) => new RegExp(`[ !]${name} `).test(text)).length;
    expect(text).toContain(`… and ${20 - shown} more coins`);
    expect(shown).toBeGreaterThan(0);
  });
});

describe('the warning about prices that are not market prices', () => {
  it('appears for a simulated feed', () => {
    expect(render(79, 24, { environment: 'simulated' })[1]).toContain('SIMULATED: these are not market prices');
  });

  it('appears while the testnet serves a production feed', () => {
    const venues = [venue('binance_testnet', { active: true, environment: 'testnet' })];
    expect(render(79, 24, { venues, activeVenue: 'binance_testnet' })[1]).toContain(
      'TESTNET: these are not market prices',
    );
  });

  it('is absent for market prices', () => expect(render(119, 45).join('\n')).not.toContain('not market prices'));
});

it('renderStatus colours price moves green and red, and nothing if colour is off', () => {
  const coloured = renderStatus(view(snapshot(2)), { columns: 119, rows: 45, color: true }).join('\n');
  expect(coloured).toContain('64,253.0\u001b[0m\u001b[32m ▲');
  expect(coloured).toContain('61,249.50\u001b[0m\u001b[31m ▼');
  expect(render(119, 45).join('\n')).not.toContain('\u001b');
});

it('renderStatus shows halted trading, and a sink that is down with its dropped records', () => {
  const text = render(119, 45, {
    trading: { state: 'halted', reason: 'no venue delivers' },
    sinks: [
      {
        name: 'kafka',
        state: 'down',
        reason: 'connection refused',
        queued: 90_000,
        lagMs: 61_000,
        delivered: 5,
        dropped: 17,
        latencyMs: { emittedToAcknowledged: null },
      },
    ],
  }).join('\n');
  expect(text).toContain('trading halted: no venue delivers');
  expect(text).toMatch(/kafka +● down +lag 61 s +queued 90,000 +delivered 5 +dropped 17 +connection refused/);
});
