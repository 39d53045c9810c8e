import { expect, it } from 'vitest';
import { firstOfEachSymbol } from '../../../dashboard/feed/first-of-each-symbol.ts';
import { nameInHash } from '../../../dashboard/page/name-in-hash.ts';
import { coin } from '../coin.ts';

it('nameInHash reads a coin or symbol in upper or lower case', () => {
  expect(['#/btc', '#/BTCUSDT', '#/%42tc', '#/', ''].map(nameInHash)).toEqual(['BTC', 'BTCUSDT', 'BTC', '', '']);
});

it('nameInHash returns an empty name for an invalid escape sequence', () => {
  expect(['#/%', '#/%E0%A4%A', '#/BTC%'].map(nameInHash)).toEqual(['', '', '']);
});

it('firstOfEachSymbol returns a symbol of several venues once, with the values of the first venue', () => {
  const coins = [
    coin({ venue: 'bybit', epoch: 1 }),
    coin({ venue: 'binance', epoch: 2 }),
    coin({ symbol: 'ETHUSDT', coin: 'ETH', venue: 'binance', epoch: 2 }),
  ];
  expect(firstOfEachSymbol(coins)).toEqual([coins[0], coins[2]]);
});
