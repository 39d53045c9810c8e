import { describe, expect, it } from 'vitest';
import { logLineText, StatusNotes } from '../../../src/cli/terminal/status-notes.ts';

let second = 0;
const NOW = Date.UTC(2026, 10, 21, 9);

/** A log entry as the pipeline writes it, one second after the previous one. */
function line(level: string, event: string, msg: string, fields: Readonly<Record<string, unknown>> = {}): string {
  const time = new Date(Date.UTC(2026, 10, 21, 8, 30, second++ % 60)).toISOString();
  return `${JSON.stringify({ level, time, event, venue: null, coin: null, active_venue: 'bybit', ...fields, msg })}\n`;
}

function story(most: number, ...lines: readonly string[]): readonly string[] {
  const notes = new StatusNotes();
  for (const one of lines) notes.add(one);
  return notes.latest(most, NOW).map(({ text }) => text.replace(/^\d\d:\d\d:\d\d /, ''));
}

const at = (venue: string, number?: string) => ({ venue, ...(number === undefined ? {} : { line: number }) });
const subscribed = (venue: string, number: string) =>
  line('info', 'subscribed', '10 topics', { ...at(venue, number), url: 'wss://x', topics: '10' });
const failedOver = line('warn', 'failed_over', 'bybit → binance: disconnected', {
  venue: 'binance',
  from: 'bybit',
  to: 'binance',
  reason: 'disconnected',
  'last_id.BTCUSDT': '2290000000000000001',
});

it('StatusNotes leaves out log entries of normal operation and text that is not an entry', () => {
  expect(
    story(
      10,
      line('info', 'connecting', 'line 1 connects', at('bybit', '1')),
      line('info', 'connected', 'line 1 is open', at('bybit', '1')),
      ...Array.from({ length: 40 }, () => subscribed('bybit', '1')),
      line('debug', 'heartbeat', 'the feed is healthy'),
      line('info', 'trading_resumed', 'the feed is healthy'),
      '{"level":"info","time":"2026-11-21T08:30:00.000Z","config":"x.yaml","msg":"starting"}\n',
      'no JSON\n',
      'null\n',
    ),
  ).toEqual([]);
});

it('StatusNotes shortens log entries to notes without repetition and details', () => {
  expect(
    story(
      10,
      failedOver,
      line('warn', 'trading_halted', 'venue: bybit is not connected'),
      line('warn', 'subscription_rejected', 'not in the instrument list', { venue: 'binance_us', coin: 'ADA' }),
      line('warn', 'feed_stale', 'no event of DOTUSDT for 30012 ms', {
        venue: 'bybit',
        coin: 'DOT',
        symbol: 'DOTUSDT',
      }),
      line('info', 'connecting', 'instrument list not available (503); symbols are not checked yet', {
        venue: 'bybit',
      }),
    ),
  ).toEqual([
    'failed over: bybit → binance: disconnected',
    'trading halted: bybit is not connected',
    'binance_us ADA: subscription rejected: not in the instrument list',
    'bybit: no event of DOTUSDT for 30 s',
    'bybit: instrument list not available (503); symbols are not checked yet',
  ]);
});

describe('log entries that belong together', () => {
  it('become one note for both lines of a venue that are stale and then closed', () => {
    expect(
      story(
        10,
        line('warn', 'feed_stale', 'line 1: no data for 5001 ms', at('binance', '1')),
        line('warn', 'disconnected', 'no data for 5001 ms', at('binance', '1')),
        line('warn', 'feed_stale', 'line 2: no data for 5003 ms', at('binance', '2')),
        line('warn', 'disconnected', 'no data for 5003 ms', at('binance', '2')),
        line('warn', 'feed_stale', 'no data from the venue for 5005 ms', at('binance')),
      ),
    ).toEqual(['binance lines 1, 2: no data for 5.0 s', 'binance: no data from the venue for 5.0 s']);
  });

  it('become one note for repeated refusals, named after the most severe event', () => {
    const lost = (number: string) => line('warn', 'disconnected', 'HTTP 451: no', { ...at('bybit', number) });
    const blocked = line('warn', 'region_blocked', 'HTTP 451: no', at('bybit', '1'));
    expect(story(10, lost('1'), blocked, lost('2'))).toEqual(['bybit lines 1, 2: region blocked: HTTP 451: no']);
    expect(story(10, lost('1'), blocked, lost('2'), failedOver, lost('1'), lost('2'))).toEqual([
      'failed over: bybit → binance: disconnected',
      'bybit lines 1, 2: region blocked: HTTP 451: no (2 times)',
    ]);
  });

  it('stay separate notes if another event comes between them', () => {
    const lost = line('warn', 'disconnected', 'closed', at('bybit', '1'));
    const open = line('info', 'connected', 'line 1 is open', at('bybit', '1'));
    expect(story(10, lost, open, lost)).toEqual([
      'bybit line 1: closed',
      'bybit line 1: open again',
      'bybit line 1: closed',
    ]);
  });
});

describe('StatusNotes with little room', () => {
  const rotated = line('info', 'session_rotated', 'the venue announces a close', at('binance', '1'));
  const quiet = line('warn', 'feed_stale', 'no event of FILUSDT for 30000 ms', {
    venue: 'bybit',
    coin: 'FIL',
    cause: 'quiet_market',
  });

  it('keeps warnings and the end of a halt longer than other notes', () => {
    const halted = line('warn', 'trading_halted', 'venue: no venue delivers');
    const resumed = line('info', 'trading_resumed', 'the feed is healthy');
    expect(story(4, failedOver, rotated, halted, resumed, quiet, subscribed('bybit', '1'))).toEqual([
      'failed over: bybit → binance: disconnected',
      'trading halted: no venue delivers',
      'trading resumed: the feed is healthy',
      'bybit: no event of FILUSDT for 30 s',
    ]);
  });

  it('returns no notes for zero rows', () => expect(story(0, failedOver)).toEqual([]));

  it('keeps at most 500 notes, and an old warning rather than an info note', () => {
    const many = Array.from({ length: 600 }, (_, index) => line('info', 'session_rotated', `close ${index}`));
    expect(story(1000, failedOver, ...many)).toHaveLength(500);
    expect(story(1000, failedOver, ...many)[0]).toBe('failed over: bybit → binance: disconnected');
  });
});

it('StatusNotes returns the level of each note', () => {
  const notes = new StatusNotes();
  notes.add(failedOver);
  notes.add(line('error', 'records_dropped', 'records dropped'));
  notes.add(line('info', 'sink_recovered', 'kafka takes records again'));
  expect(notes.latest(5, NOW).map(({ level }) => level)).toEqual(['warn', 'error', 'info']);
});

it('logLineText turns one log entry into text with its time', () => {
  expect(
    logLineText(
      '{"level":"warn","time":"2026-11-21T08:30:00.000Z","event":"sink_unavailable","msg":"waits for kafka: no"}\n',
    ),
  ).toBe('08:30:00 waits for kafka: no');
});

describe('StatusNotes under a storm of notes', () => {
  const gap = (coin: string, event: 'gap_repaired' | 'gap_unrepaired', missing = 34, filled = 4) =>
    line(event === 'gap_repaired' ? 'info' : 'warn', event, `trades of ${coin}USDT between 1 and 2`, {
      venue: 'bybit',
      coin,
      symbol: `${coin}USDT`,
      missing: `${missing}`,
      filled: `${filled}`,
    });
  const coins = Array.from({ length: 20 }, (_, index) => `C${index}`);
  const halted = line('warn', 'trading_halted', 'venue: no venue delivers');

  it('makes one note of the gaps of twenty coins, without trade ids', () => {
    second = 0;
    expect(story(10, halted, ...coins.map((coin) => gap(coin, 'gap_unrepaired')).slice(0, 8))).toEqual([
      'trading halted: no venue delivers',
      'bybit 8 coins (C0, C1, C2, …): gap not repaired: 30 trades missing',
    ]);
    expect(story(10, gap('BTC', 'gap_repaired'))).toEqual(['bybit BTC: gap repaired: 4 missing trades fetched']);
    expect(story(10, gap('BTC', 'gap_repaired', 1, 1))).toEqual(['bybit BTC: gap repaired: 1 missing trade fetched']);
    expect(story(10, gap('BTC', 'gap_unrepaired', 5))).toEqual(['bybit BTC: gap not repaired: 1 trade missing']);
  });

  it('keeps a halt before newer warnings, and always the newest warning', () => {
    const warnings = coins.map((coin) => line('warn', 'disconnected', `closed ${coin}`, at('bybit', '1')));
    expect(story(2, halted, ...warnings)).toEqual(['trading halted: no venue delivers', 'bybit line 1: closed C19']);
    expect(story(1, halted, ...warnings)).toEqual(['bybit line 1: closed C19']);
  });

  it('says the date of a note of another day', () => {
    const notes = new StatusNotes();
    notes.add(halted);
    expect(notes.latest(1, NOW + 86_400_000)[0]?.text).toMatch(/^2026-11-21 08:30:\d\d trading halted/);
  });
});
