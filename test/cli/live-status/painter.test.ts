import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { paintStatus } from '../../../src/cli/live-status/painter.ts';
import { ShownRecords } from '../../../src/cli/live-status/shown-records.ts';
import { StatusNotes } from '../../../src/cli/terminal/status-notes.ts';
import type { StatusSnapshot } from '../../../src/domain/status-snapshot.ts';
import { until } from '../../../testing/tools/until.ts';
import { fakeOutput } from '../fake-io.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const snapshot = (price: string): StatusSnapshot => ({
  at: 2000,
  startedAt: 0,
  environment: 'production',
  mode: 'failover',
  quality: [],
  klines: [],
  healing: [],
  shards: [],
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
      price,
      change24h: null,
      tradesPerSecond: 1,
      ageMs: 5,
      stale: false,
      haltReason: null,
    },
  ],
  sinks: [],
  counts: { trades: 1 },
});

it('paintStatus paints every two seconds without scrolling, and restores the screen at the end', async () => {
  const out = fakeOutput(true);
  const prices = ['1.5', '2.5', '2'];
  const notes = new StatusNotes();
  const painter = paintStatus({
    out,
    color: true,
    snapshot: () => snapshot(prices.shift() ?? '9'),
    notes,
    records: new ShownRecords(),
    keyboard: undefined,
    onQuit: () => {},
    hints: () => ['here'],
  });
  notes.add(
    '{"level":"warn","time":"2026-11-21T08:30:00.000Z","event":"disconnected","venue":"bybit","coin":null,"line":"2","status":1006,"msg":"closed"}\n',
  );
  expect(out.text().startsWith('\u001b[?1049h\u001b[?25l')).toBe(true);
  expect(out.text()).toContain('1.5');
  expect(out.text()).not.toContain('▲');

  await vi.advanceTimersByTimeAsync(1999);
  expect(out.text()).not.toContain('2.5');
  await vi.advanceTimersByTimeAsync(1);
  expect(out.text()).toMatch(/2\.5.*▲/);
  expect(out.text()).toContain('08:30:00 bybit line 2: closed');
  await vi.advanceTimersByTimeAsync(2000);
  expect(out.text()).toMatch(/2\.0.*▼/);

  const frames = out.text().split('\u001b[?2026h').slice(1);
  expect(frames).toHaveLength(3);
  for (const frame of frames) {
    expect(frame.startsWith('\u001b[H')).toBe(true);
    expect(frame.endsWith('\u001b[J\u001b[?2026l')).toBe(true);
    expect(frame.split('\n').length).toBeLessThanOrEqual(24);
  }

  const listeners = process.listenerCount('exit');
  painter.close();
  expect(process.listenerCount('exit')).toBe(listeners - 1);
  expect(out.text().endsWith('\u001b[?25h\u001b[?1049l')).toBe(true);
  const after = out.text();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(out.text()).toBe(after);
});

it('paintStatus repaints at once after a key, quits with q, and leaves the raw mode', async () => {
  vi.useRealTimers();
  const out = fakeOutput(true);
  const modes: boolean[] = [];
  const keyboard = Object.assign(new PassThrough(), { setRawMode: (isRaw: boolean) => modes.push(isRaw) });
  let quits = 0;
  const painter = paintStatus({
    out,
    color: false,
    keyboard,
    snapshot: () => snapshot('1.5'),
    notes: new StatusNotes(),
    records: new ShownRecords(),
    hints: () => [],
    onQuit: () => quits++,
  });
  expect(modes.at(-1)).toBe(true);
  keyboard.write('?');
  await until(() => out.text().includes('stops the feed and ends'));
  keyboard.write('q');
  await until(() => quits === 1);
  painter.close();
  expect(modes.at(-1)).toBe(false);
});
