import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { NO_PROGRESS } from '../../../src/backfill/fetch-history.ts';
import { HistoryProgressLine, progressText } from '../../../src/cli/terminal/history-progress.ts';
import { createLog } from '../../../src/telemetry/log.ts';
import { kline, tradeEvent } from '../../../testing/judges/events.ts';
import { fakeOutput } from '../fake-io.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const last = tradeEvent(1, { timestamp: Date.UTC(2026, 10, 21, 8, 30, 5) });
const half = { ...NO_PROGRESS, records: 52_000, share: 0.52, last };

function lineOn(isTerminal: boolean) {
  const err = fakeOutput(isTerminal, { columns: 120, rows: 24 });
  const logged: string[] = [];
  const log = createLog({ level: 'info', destination: { write: (json: string) => void logged.push(json) } });
  const line = new HistoryProgressLine('BTCUSDT trades of binance', err, log, () => Date.now());
  return { line, err, logged: () => logged.map((json) => JSON.parse(json) as object) };
}

it('progressText shows a bar with the share, the records, the time reached and the time left', () => {
  expect(progressText('BTCUSDT trades', half, 40_000)).toBe(
    'BTCUSDT trades  40 s left  52%  [############------------]  52,000 records, 2026-11-21 08:30:05',
  );
  const candle = kline(Date.UTC(2026, 10, 21), 0);
  expect(progressText('X', { ...half, share: 1, last: candle }, undefined)).toBe(
    'X 100%  [########################]  52,000 records, 2026-11-21 00:00:00',
  );
  expect(progressText('X', { ...half, records: 0, share: 0, last: undefined }, undefined)).toBe(
    'X   0%  [------------------------]  0 records',
  );
});

it('HistoryProgressLine repaints the progress on a terminal and erases it at the end', () => {
  const { line, err } = lineOn(true);
  line.show({ ...half, records: 0, share: 0.04, last: undefined });
  vi.advanceTimersByTime(12_000);
  line.show(half);
  vi.advanceTimersByTime(200);
  expect(err.text()).toContain('  12 s left  52%  [############------------]  52,000 records, 2026-11-21 08:30:05');
  line.wait('HTTP 429', 5000);
  vi.advanceTimersByTime(200);
  expect(err.text()).toContain('waiting 4.8 s: HTTP 429');
  line.close();
  expect(err.text().endsWith('\r\u001b[K')).toBe(true);
  const { length } = err.text();
  vi.advanceTimersByTime(5000);
  expect(err.text().length).toBe(length);
});

it('HistoryProgressLine logs the progress every three seconds and each wait if stderr is not a terminal', () => {
  const { line, err, logged } = lineOn(false);
  line.show({ ...half, records: 0, share: 0, last: undefined });
  line.show(half);
  vi.advanceTimersByTime(6000);
  line.wait('HTTP 429', 5000.4);
  line.close();
  expect(err.text()).toBe('');
  expect(logged()).toMatchObject([
    { msg: 'history', records: 52_000, share: 0.52, reached: '2026-11-21T08:30:05.000Z' },
    { msg: 'history', records: 52_000 },
    { msg: 'waiting for the venue', reason: 'HTTP 429', retry_after_ms: 5000 },
  ]);
});
