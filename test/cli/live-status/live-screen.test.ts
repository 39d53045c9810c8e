import { describe, expect, it } from 'vitest';
import { renderStatus, type StatusView } from '../../../src/cli/live-status/live-screen.ts';
import { textWidth } from '../../../src/cli/terminal/terminal-text.ts';
import { NOT_SERVING } from '../../../src/domain/headline.ts';
import type { CoinSnapshot, StatusSnapshot } from '../../../src/domain/status-snapshot.ts';
import { COINS, entry, figures, notesOf, snapshot, venue, view } from './status-view.ts';

/* The painter leaves the last column free, so a terminal of 80 columns has a screen of 79. */

const rowsOf = (of: StatusView, columns: number, rows: number) =>
  renderStatus(of, { columns: columns - 1, rows, color: false }).rows;
const screen = (of: StatusView, columns: number, rows: number) => `\n${rowsOf(of, columns, rows).join('\n')}\n`;

const SIZES: readonly (readonly [columns: number, rows: number])[] = [
  [40, 12],
  [80, 24],
  [100, 40],
  [200, 60],
];

describe('the first page', () => {
  const screens = SIZES.flatMap(([columns, rows]) => [0, 3, 200].map((coins) => [columns, rows, coins] as const));
  it.each(screens)('at %d × %d with %d coins', (columns, rows, coins) => {
    const of = view(snapshot(2, { environment: 'simulated' }, coins));
    expect(screen(of, columns, rows)).toMatchSnapshot();
  });

  it('shows all twenty coins at 80 × 24', () => {
    const text = screen(view(snapshot(2, { environment: 'simulated' })), 80, 24);
    for (const name of COINS) expect(text).toMatch(new RegExp(`[ !]${name} `));
  });

  it('stays within the size of the terminal', () => {
    for (const columns of [2, 10, 20, 40, 60, 80, 100, 120, 149, 150, 160, 200, 250])
      for (const rows of [1, 2, 5, 8, 12, 16, 24, 25, 40, 60])
        for (const coins of [0, 3, 20, 200])
          for (const page of ['coins', 'coin', 'events', 'gaps', 'help'] as const) {
            const painted = rowsOf(view(snapshot(2, {}, coins), { page }), columns, rows);
            expect(painted.length).toBeLessThanOrEqual(rows);
            for (const line of painted) expect(textWidth(line)).toBeLessThan(columns);
          }
  });

  it.each(SIZES)('shows the newest warning at %d × %d, whatever came since', (columns, rows) => {
    const minor = Array.from({ length: 100 }, (_, index) =>
      entry(20 + index / 10, 'info', 'session_rotated', `close ${index}`, { venue: 'binance', line: 1 }),
    );
    const notes = notesOf(
      entry(1, 'warn', 'trading_halted', 'venue: no venue delivers'),
      entry(10, 'warn', 'disconnected', 'HTTP 451', { venue: 'bybit', line: 1 }),
      ...minor,
    );
    for (const coins of [3, 200])
      expect(screen(view(snapshot(2, {}, coins), {}, { notes }), columns, rows)).toMatch(
        /! 08:30:15 bybit line 1: HTTP/,
      );
    if (rows >= 24) expect(screen(view(snapshot(2), {}, { notes }), columns, rows)).toContain('trading halted');
  });

  it('shows a sink that is down, and why, at 40 × 12 and at 80 × 24', () => {
    const sink = { ...snapshot().sinks[0], state: 'down', reason: 'ENOSPC', dropped: 17 } as const;
    const of = view(
      snapshot(
        2,
        {
          sinks: [
            {
              ...sink,
              name: 'file',
              queued: 9,
              lagMs: 61_000,
              delivered: 5,
              latencyMs: { emittedToAcknowledged: null },
            },
          ],
        },
        200,
      ),
    );
    for (const [columns, rows] of [
      [40, 12],
      [80, 24],
    ] as const)
      expect(screen(of, columns, rows)).toMatch(/file +✕ down +dropped 17 +ENOSPC/);
  });

  it('has no row of keys without a keyboard', () => {
    expect(screen(view(snapshot(2), {}, { hasKeys: false }), 80, 24)).not.toMatch(/quit|>BTC/);
  });

  it('shows placeholders before the first data', () => {
    const { coins } = snapshot(2, {}, 2);
    const nothing: Partial<StatusSnapshot> = {
      activeVenue: null,
      serving: NOT_SERVING,
      trading: { state: 'halted', reason: 'no venue has delivered yet' },
      venues: [venue('bybit', { state: 'connecting', linesUp: 0, ageMs: null, eventLagMs: null, frames: 0 })],
      coins: coins.map((each) => ({
        ...each,
        price: null,
        change24h: null,
        venue: null,
        epoch: 0,
        ageMs: null,
        stale: true,
      })),
      counts: {},
      sinks: [],
    };
    expect(
      screen(view(snapshot(0, nothing), {}, { memory: new Map(), hints: [], notes: notesOf() }), 80, 14),
    ).toMatchSnapshot();
  });
});

describe('the other pages', () => {
  it.each(SIZES)('a coin with book and trades at %d × %d', (columns, rows) =>
    expect(screen(view(snapshot(2), { page: 'coin' }), columns, rows)).toMatchSnapshot(),
  );
  it('a coin without book and trades', () =>
    expect(screen(view(snapshot(2), { page: 'coin', selected: 'LINKUSDT' }), 80, 10)).toMatchSnapshot());
  it('a coin that the feed has halted, with the reason', () => {
    const [coin, ...others] = snapshot(2).coins;
    const halted = { ...coin, stale: true, haltReason: 'BTC costs 1 at bybit' } as CoinSnapshot;
    const shown = screen(view(snapshot(2, { coins: [halted, ...others] }), { page: 'coin' }), 80, 12);
    expect(shown).toMatch(/BTCUSDT .* ! last .*\n.*\n halted: BTC costs 1 at bybit\n/);
  });
  it('events, the newest first, with whole texts', () =>
    expect(screen(view(snapshot(2), { page: 'events' }), 40, 20)).toMatchSnapshot());
  it('gaps', () => expect(screen(view(snapshot(2), { page: 'gaps' }), 80, 12)).toMatchSnapshot());
  it('help', () => expect(screen(view(snapshot(2), { page: 'help' }), 80, 24)).toMatchSnapshot());
  it('gaps of another day have a date', () => {
    const tomorrow = { ...snapshot(2), at: snapshot(2).at + 86_400_000 };
    expect(screen(view(tomorrow, { page: 'gaps' }), 80, 12)).toContain('2026-11-21 08:30:25');
  });
});

describe('the row of a venue with a reason', () => {
  const reason = 'HTTP 451: Service unavailable from a restricted location';
  const text = (columns: number) =>
    screen(view(snapshot(2, { venues: [venue('bybit', { state: 'region_blocked', reason })] })), columns, 24);

  it.each([80, 100, 120, 160, 200])('has the whole reason at %d columns', (columns) =>
    expect(text(columns)).toContain(reason),
  );
  it('has no counters if they would cut the reason, and all of them if there is room', () => {
    expect(text(115)).not.toContain('FRAMES');
    expect(text(200)).toMatch(/EVENT LAG +FRAMES +RECONNECTS +P99 +CLOCK/);
  });
});

describe('the mark of the venue that serves', () => {
  const down = [venue('bybit', { active: true, state: 'disconnected', linesUp: 0, ageMs: 18_000, reason: 'closed' })];
  it('is hollow while the active venue does not serve', () => {
    const text = screen(view(snapshot(2, { venues: down })), 80, 24);
    expect(text).toContain('venue none (last: bybit, 18 s ago)');
    expect(text).toMatch(/▷ bybit +✕ disconnected/);
  });
});

describe('colours', () => {
  const colored = (of: StatusView) => renderStatus(of, { columns: 119, rows: 45, color: true }).rows;
  it('show price moves, unless the price is stale: then price, change and trend are all dim', () => {
    const painted = colored(view(snapshot(2)));
    expect(painted.join('\n')).toContain('64,253.0\u001b[0m\u001b[32m ▲');
    const stale = painted.find((row) => row.includes('LINK')) ?? '';
    // Only the mark and the age are not dim.
    const styled = stale.split('\u001b[').filter((part) => !/^(?:2|0)m|^$| $/.test(part));
    expect(styled).toEqual(['33m!', '33m      18 s']);
  });

  it('are absent without colour', () => expect(screen(view(snapshot(2)), 120, 45)).not.toContain('\u001b'));
});

describe('latencies', () => {
  const lineOf = (columns: number, more: Partial<StatusSnapshot> = {}) =>
    rowsOf(view(snapshot(2, more, 3)), columns, 40).find((text) => text.startsWith(' p99'));

  it('are of the active venue and of the sink', () => {
    const venues = [venue('bybit'), venue('binance', { active: true })];
    expect(lineOf(100, { venues })).toBe(' p99  binance → socket 34 ms  socket → feed 0.3 ms  feed → file 6.2 ms');
  });
  it('are of the slowest venue if no venue is active', () => {
    const slow = { venueToSocket: figures(250), socketToEmitted: null };
    const venues = [venue('bybit'), venue('binance', { latencyMs: slow }), venue('binance_us')];
    expect(lineOf(100, { venues })).toBe(' p99  binance → socket 250 ms  feed → file 6.2 ms');
  });
  it('leave out whole stages if there is little room', () =>
    expect(lineOf(61)).toBe(' p99  bybit → socket 34 ms  socket → feed 0.3 ms'));
});
