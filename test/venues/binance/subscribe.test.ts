import { expect, it } from 'vitest';
import { binanceUrl } from '../../../src/venues/binance/subscribe.ts';

it.each([
  ['wss://stream.binance.com:9443/ws', 'btcusdt@depth5', 'wss://stream.binance.com:9443/stream'],
  ['wss://host/proxy/ws/', 'btcusdt@depth20@100ms', 'wss://host/proxy/stream'],
  ['wss://host/ws?timeUnit=MICROSECOND', 'btcusdt@depth10', 'wss://host/stream?timeUnit=MICROSECOND'],
  ['wss://host/ws', 'btcusdt@depth@100ms', 'wss://host/ws'],
  ['wss://host/stream', 'btcusdt@depth5', 'wss://host/stream'],
  ['wss://host/flows', 'btcusdt@depth5', 'wss://host/flows'],
])('binanceUrl converts the address %s for the topic %s to %s', (configured, topic, opened) => {
  expect(binanceUrl(configured, ['btcusdt@trade', topic])).toBe(opened);
});
