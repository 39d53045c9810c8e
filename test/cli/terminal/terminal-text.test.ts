import { expect, it } from 'vitest';
import { inColumns, span, textWidth, toRow } from '../../../src/cli/terminal/terminal-text.ts';

it('textWidth measures the width of text in columns, not in characters', () => {
  expect(textWidth('BTC ▲')).toBe(5);
  expect(textWidth('币安')).toBe(4);
  expect(textWidth('e\u0301')).toBe(1);
});

it('inColumns pads or truncates text to a width', () => {
  expect(inColumns('BTC', 5)).toBe('BTC  ');
  expect(inColumns('1.5', 5, 'right')).toBe('  1.5');
  expect(inColumns('binance_testnet', 8)).toBe('binance…');
  expect(inColumns('币安人生', 6)).toBe('币安… ');
  expect(inColumns('x', 0)).toBe('');
});

it('toRow truncates text at the width, and colours it only on request', () => {
  const spans = [span('up ', 'good'), span('and running')];
  expect(toRow(spans, 8, false)).toBe('up and …');
  expect(toRow(spans, 80, true)).toBe('\u001b[32mup \u001b[0mand running');
});

it('toRow shows control characters as their numbers, and counts their columns', () => {
  expect(toRow([span('451\u001b[2J\r\nblocked\u009b1m')], 80, true)).toBe(String.raw`451\x1b[2J\x0d\x0ablocked\x9b1m`);
  expect(toRow([span('\u001b[2J')], 6, false)).toBe(String.raw`\x1b[…`);
});
