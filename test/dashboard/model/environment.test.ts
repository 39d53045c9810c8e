import { expect, it } from 'vitest';
import { isOdd, testDataOf, worstEnvironment } from '../../../dashboard/model/environment.ts';

it('is the worst of what is shown', () => {
  expect(worstEnvironment(['production', 'production', null])).toBe('production');
  expect(worstEnvironment(['production', 'testnet', 'production'])).toBe('testnet');
  expect(worstEnvironment(['replay', 'simulated', 'testnet'])).toBe('simulated');
  expect(worstEnvironment([null, undefined])).toBeUndefined();
});

it('is odd where it is not what the feed is set to; a feed that says nothing is taken for production', () => {
  expect(isOdd('testnet', 'production')).toBe(true);
  expect(isOdd('testnet', null)).toBe(true);
  expect(isOdd('testnet', 'testnet')).toBe(false);
  expect(isOdd('production', null)).toBe(false);
  expect(isOdd(null, 'production')).toBe(false);
});

it('names the coins where not all are of it', () => {
  const of = (coin: string, environment: 'production' | 'testnet') => ({ coin, environment });
  expect(testDataOf([of('BTC', 'testnet'), of('ETH', 'production')])).toEqual(['BTC']);
  expect(testDataOf([of('BTC', 'testnet'), of('ETH', 'testnet')])).toEqual([]);
  expect(testDataOf([of('BTC', 'production')])).toEqual([]);
});
