import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { dispatch } from '../../src/cli/arguments/dispatch.ts';
import { fakeIo } from './fake-io.ts';

let dir: string;
let config: string;
beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'market-feed-history-'));
  config = path.join(dir, 'c.yaml');
  // No server listens there: errors in the arguments must be found before the first request.
  const venue = { rest_urls: ['http://127.0.0.1:1'] };
  const venues = { bybit: venue, binance: venue, binance_us: venue, binance_testnet: venue };
  writeFileSync(config, JSON.stringify({ coins: ['BTC'], venues }));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

async function history(...argv: string[]) {
  const io = fakeIo();
  const code = await dispatch(['history', ...argv, '--config', config, '--out', path.join(dir, 'out')], io);
  return { code, err: io.err.text() };
}

it.each([
  [[], /symbol: found nothing, allowed: a symbol such as btcusdt/],
  [['btcusdt'], /what to fetch: found nothing, allowed: one of trades, agg_trades, klines/],
  [['btcusdt', 'trade'], /what to fetch: found "trade", allowed: one of trades, .*did you mean trades/],
  [['btcusd', 'trades'], /symbol: found "btcusd", allowed: a coin or its symbol against USDT/],
  [['btcusdt', 'trades', 'more'], /unexpected "more"/],
  [['btcusdt', 'trades', '--venue', 'kraken'], /--venue: found "kraken", allowed: one of bybit, binance/],
  [['btcusdt', 'trades', '--from', 'beginning'], /--from: found "beginning", allowed: a time such as/],
  [['btcusdt', 'trades', '--to', '25:00'], /--to: found "25:00", allowed: a time such as/],
  [['btcusdt', 'trades', '--from', '2999-01-01'], /--from: found 2999-01-01, allowed: a time in the past/],
  [['btcusdt', 'trades', '--from', '-5m', '--to', '-10m'], /--to: found -10m .*allowed: a time after --from/],
  [['btcusdt', 'trades', '--limit', '0'], /--limit: found "0", allowed: a whole number from 1/],
  [['btcusdt', 'trades', '--limit', '1.5'], /--limit: found "1.5", allowed: a whole number/],
  [['btcusdt', 'trades', '--interval', '1m'], /--interval is for klines, found trades/],
  [['btcusdt', 'klines', '--interval', '7m'], /--interval: found "7m", allowed: one of 1s, 1m/],
  [['btcusdt', 'klines', '--interval', '8h', '--venue', 'bybit'], /--interval: found 8h, allowed at bybit: 1m, 3m/],
  [
    ['btcusdt', 'klines', '--interval', '1s', '--venue', 'binance_us'],
    /--interval: found 1s, allowed at binance_us: 1m/,
  ],
  [
    ['btcusdt', 'trades', '--venue', 'binance_us'],
    /found binance_us, which has no trades: .*API key; agg_trades needs none/,
  ],
  [['btcusdt', 'agg_trades', '--venue', 'bybit'], /found bybit, which has no agg_trades; allowed: binance, binance_us/],
  [
    ['btcusdt', 'trades', '--venue', 'bybit', '--limit', '61'],
    /--limit: found 61, allowed: 1 to 60 at bybit: .*last 60 trades/,
  ],
  [['btcusdt', 'trades', '--form', '-5m'], /unknown option --form, allowed: .*did you mean --from/],
] as const)('refuses %j and reports what is allowed', async (argv, message) => {
  const { code, err } = await history(...argv);
  expect([code, err]).toEqual([2, expect.stringMatching(message)]);
});

it('history refuses a file as the folder for --out', async () => {
  const io = fakeIo();
  expect(await dispatch(['history', 'btcusdt', 'trades', '--out', config], io)).toBe(2);
  expect(io.err.text()).toMatch(/--out: found .*c\.yaml, a file, allowed: a folder/);
});

it.each([
  ['selects the first venue with older trades if --from is set', ['trades', '--from', '-5m'], 'binance'],
  ['selects another venue for more last trades than Bybit returns', ['trades', '--limit', '61'], 'binance'],
  ['selects the first venue for the last 60 trades', ['trades', '--limit', '60'], 'bybit'],
  ['selects the first venue for klines', ['klines'], 'bybit'],
  ['selects the first venue that has aggregated trades', ['agg_trades'], 'binance'],
] as const)('history %s', async (_, argv, venue) => {
  const stopping = new AbortController();
  stopping.abort();
  const io = { ...fakeIo(), signal: stopping.signal };
  const words = ['history', 'btcusdt', ...argv, '--config', config, '--out', path.join(dir, 'out')];
  expect(await dispatch(words, io)).toBe(0);
  expect(JSON.parse(io.out.text())).toMatchObject({ venue, records: 0, complete: false });
});
