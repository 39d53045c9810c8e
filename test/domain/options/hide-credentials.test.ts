import { expect, it } from 'vitest';
import { hideCredentials } from '../../../src/domain/options/hide-credentials.ts';

it.each([
  ['http://user:pw@host:8081/base', 'http://[secret]@host:8081/base'],
  ['"https://user@host"', '"https://[secret]@host"'],
  ['http://user:p@w@host', 'http://[secret]@host'],
  ['http://user:p/w@host', 'http://[secret]@host'],
  ['user:pw@host:9092', '[secret]@host:9092'],
  ['["a:b@c","d"]', '["[secret]@c","d"]'],
  ['cannot reach ws://u:p@h and http://v:q@i', 'cannot reach ws://[secret]@h and http://[secret]@i'],
  ['http://host:8081/base', 'http://host:8081/base'],
  ['mail me@host', 'mail me@host'],
  ['"wss://h:9443/stream?streams=btcusdt@trade"', '"wss://h:9443/stream?streams=btcusdt@trade"'],
  ['wss://h/ws/btcusdt@trade', 'wss://h/ws/btcusdt@trade'],
  ['wss://u:p@h/stream?streams=btcusdt@trade', 'wss://[secret]@h/stream?streams=btcusdt@trade'],
  ['wss://u:p/w@h/ws', 'wss://[secret]@h/ws'],
  ['wss://u:12/w@h.com/ws', 'wss://[secret]@h.com/ws'],
  ['wss://u:12/trade@h/ws/btcusdt@depth5@100ms', 'wss://[secret]@h/ws/btcusdt@depth5@100ms'],
  ['user:pw@trade:9092', '[secret]@trade:9092'],
  ['http://user:pw@ticker', 'http://[secret]@ticker'],
  ['wss://u:12/w@trade.example.com/ws', 'wss://[secret]@trade.example.com/ws'],
  ['wss://h/ws/btcusdt@trade,http://u:p@h', 'wss://[secret]@h'],
])('hideCredentials hides only the credentials in %s', (text, hidden) => {
  expect(hideCredentials(text)).toBe(hidden);
});
