import { expect, it } from 'vitest';
import { type CheckedTable, markdownTable, resultText, tableText } from '../../../src/cli/live-check/report-text.ts';

const TABLE: CheckedTable = {
  venue: 'binance',
  environment: 'production',
  items: [
    { name: 'handshake', result: 'pass', detail: 'line 1: after 12 ms; line 2: after 14 ms' },
    {
      name: 'acknowledgement',
      result: 'fail',
      detail: 'line 1: refused: btcusdt@trade (invalid | stream); line 2: no answer',
    },
    { name: 'fields not read', result: 'info', detail: 'trade: data.M' },
  ],
};

it('tableText breaks long details at blanks, below each other', () => {
  expect(tableText([TABLE], 80, false)).toBe(
    [
      'Two values are of line 1 / line 2.',
      'binance (production): 1 failed',
      '  PASS  handshake              line 1: after 12 ms; line 2: after 14 ms',
      '  FAIL  acknowledgement        line 1: refused: btcusdt@trade (invalid |',
      '                               stream); line 2: no answer',
      '  info  fields not read        trade: data.M',
      '',
      '',
    ].join('\n'),
  );
});

it('tableText keeps words that are longer than a row within it, and shows control characters as their numbers', () => {
  const detail = `a\u001b[31m ${'x'.repeat(200)}`;
  const text = tableText([{ ...TABLE, items: [{ name: 'frames decoded', result: 'fail', detail }] }], 80, false);
  expect(text).toContain(String.raw`a\x1b[31m`);
  expect(text).not.toContain('\u001b');
  expect(Math.max(...text.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(80);
});

it('markdownTable escapes what would break a table', () => {
  expect(markdownTable(TABLE)).toContain(
    String.raw`| FAIL | acknowledgement | line 1: refused: btcusdt@trade (invalid \| stream); line 2: no answer |`,
  );
});

it('resultText counts the checks without the information', () => {
  expect(resultText([TABLE, TABLE])).toBe('FAIL: 2 of 4 checks failed');
});
