import { expect, it } from 'vitest';
import { type MinuteEvidence, verdictOf } from '../../../src/market/audits/verdict.ts';

const bybit: MinuteEvidence = {
  contiguousIds: false,
  doubt: undefined,
  jump: undefined,
  expected: { volume: '12.5', trades: 40 },
  candle: { volume: '12.5', tradeCount: null },
};
const binance: MinuteEvidence = { ...bybit, contiguousIds: true };
const nothing = { volume: '0', trades: 0 };

it.each<[string, MinuteEvidence, string, string]>([
  ['an equal candle without a number of trades', bybit, 'agrees', ''],
  ['an equal candle', { ...bybit, candle: { volume: '12.5', tradeCount: 40 } }, 'agrees', ''],
  [
    'a candle with more volume',
    { ...bybit, candle: { volume: '12.75', tradeCount: null } },
    'unexplained',
    'volume 12.5, the candle has 12.75 (+0.25)',
  ],
  [
    'a candle with less volume and fewer trades',
    { ...bybit, candle: { volume: '12', tradeCount: 39 } },
    'unexplained',
    'volume 12.5, the candle has 12 (-0.5); 40 trades, the candle has 39',
  ],
  ['no candle', { ...bybit, candle: undefined }, 'unchecked', 'the venue sent no candle'],
  ['a candle, but no trade', { ...bybit, expected: nothing }, 'unexplained', 'volume 0, the candle has 12.5 (+12.5)'],
  ['contiguous ids', binance, 'proven', ''],
  ['contiguous ids without a candle', { ...binance, candle: undefined }, 'proven', ''],
  ['contiguous ids and another candle', { ...binance, candle: { volume: '1', tradeCount: 3 } }, 'proven', ''],
  ['ids that jump', { ...binance, jump: 'id 9 follows 7' }, 'unexplained', 'id 9 follows 7'],
  [
    'contiguous ids, a candle, but no trade',
    { ...binance, expected: nothing },
    'unexplained',
    'volume 0, the candle has 12.5 (+12.5)',
  ],
  ['a gap', { ...binance, doubt: 'gap', jump: 'id 9 follows 7' }, 'gap', 'trades are missing: see gaps'],
  [
    'a pending gap',
    { ...bybit, doubt: 'pending' },
    'unchecked',
    'trades may be missing: the feed still tries to get them',
  ],
  ['the beginning of an epoch', { ...binance, doubt: 'start' }, 'unchecked', 'the epoch begins inside the minute'],
])('the verdict of a minute with %s', (_name, evidence, verdict, reason) => {
  expect(verdictOf(evidence)).toEqual({ verdict, reason });
});
