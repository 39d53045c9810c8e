import { expect, it } from 'vitest';
import { coloredLine, textLine } from '../../../src/cli/terminal/event-text.ts';
import { textWidth } from '../../../src/cli/terminal/terminal-text.ts';
import { bookTicker, kline, tradeEvent } from '../../../testing/judges/events.ts';

const AT = Date.UTC(2026, 10, 21, 8, 30);
const candle = kline(AT, AT + 1500, {
  environment: 'production',
  symbol: 'BTCUSDT',
  venue: 'binance',
  interval: '15m',
  open: '63015.55',
  high: '63020.45',
  low: '63000.15',
  close: '63010.25',
  volume: '1234.56789',
  closed: true,
  receivedAt: (AT + 1500) * 1000,
});

it('textLine fits a candle of a watched venue into 80 columns', () => {
  const line = textLine(candle, true).trimEnd();
  expect(line).toBe('08:30:01.500  BTCUSDT   15m ✓ 63,015.55 → 63,010.25  63,000.15–63,020.45  1,235');
  expect(textWidth(line)).toBeLessThanOrEqual(80);
});

it('textLine names the venue of a candle if there may be several venues', () =>
  expect(textLine({ ...candle, closed: false })).toMatch(/ 15m {3}63,015\.55 → .* {2}1,235 {2}binance\n$/));

it('textLine shows when a trade happened and when a candle opened, and of a watched one when it arrived', () => {
  const trade = tradeEvent(1, { timestamp: AT + 250, receivedAt: (AT + 400) * 1000 });
  const times = [textLine(trade), textLine(trade, true), textLine(candle), textLine(candle, true)];
  expect(times.map((line) => line.match(/\d\d:\d\d:\d\d\.\d{3}/)?.[0])).toEqual([
    '08:30:00.250',
    '08:30:00.400',
    '08:30:00.000',
    '08:30:01.500',
  ]);
});

it('textLine shows a dash for a side without orders', () => {
  expect(textLine(bookTicker(1, { bidPrice: null, bidQuantity: null }))).toMatch(/ bid – {2}ask +61,837\.64 +× +2 +/);
  expect(textLine(bookTicker(1, { askPrice: null, askQuantity: null }))).toMatch(/ bid +61,837\.63 +× +1 +ask – {2}/);
});

it('textLine puts the decimal points of prices below each other, and has a date if that is not today', () => {
  const rows = ['64604.6', '64586.83', '64000'].map((price) => textLine(tradeEvent(1, { price })));
  expect(rows.map((row) => row.slice(row.indexOf('sell'), row.indexOf(' ×')))).toEqual([
    'sell   64,604.6   ',
    'sell   64,586.83  ',
    'sell   64,000     ',
  ]);
  expect(rows[0]).toMatch(/^2024-08-08 /);
  expect(textLine(tradeEvent(1, { timestamp: Date.now() }))).toMatch(/^\d\d:/);
});

it('coloredLine has the colours of buys and sells', () => {
  expect(coloredLine(tradeEvent(1))).toBe(`\u001b[31m${textLine(tradeEvent(1)).trimEnd()}\u001b[0m\n`);
  expect(coloredLine(tradeEvent(1, { isBuyerMaker: false }))).toContain('\u001b[32m');
});
