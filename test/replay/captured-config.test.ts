import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load-config.ts';
import { capturedConfig, withCaptured } from '../../src/replay/captured-config.ts';

const own = loadConfig({ values: { sinks: ['file'], file: { dir: 'elsewhere' } } });

describe('the configuration in a capture', () => {
  it.each([
    [{}],
    [{ order_books: { levels: 200, interval_ms: 100 }, stats: { windows_ms: [500] } }],
    [{ coins: ['BTC', 'ADA'], quote: 'USD', feed: { venues: ['bybit'], channels: ['kline_1m'], stale_after_ms: 700 } }],
    [
      {
        coins: { all: true },
        venues: { binance_us: { lines: 3, rest_urls: ['http://127.0.0.1:1'], reconnect: { max_attempts: 3 } } },
      },
    ],
  ])('is restored unchanged: %j', (values) => {
    const recorded = loadConfig({ values });
    const written: unknown = JSON.parse(JSON.stringify(capturedConfig(recorded)));
    const { quote, coins, feed, venues, orderBooks, stats } = recorded;
    expect(withCaptured(own, written)).toEqual({ ...own, quote, coins, feed, venues, orderBooks, stats });
  });

  it('does not change allow_test_data of the replay', () => {
    const demo = capturedConfig(loadConfig({ values: { feed: { allow_test_data: true } } }));
    expect(withCaptured(own, demo).feed.allowTestData).toBe(false);
    const open = loadConfig({ values: { feed: { allow_test_data: true } } });
    expect(withCaptured(open, capturedConfig(own)).feed.allowTestData).toBe(true);
  });

  it('contains no Kafka brokers', () => {
    const written = JSON.stringify(
      capturedConfig(loadConfig({ values: { kafka: { brokers: ['secret.example:9092'] } } })),
    );
    expect(written).not.toContain('secret.example');
  });

  it('is refused if it is not valid', () => {
    expect(() => withCaptured(own, { quote: 'USDT', coins: [], feed: { latest: 1 }, venues: {} })).toThrow(
      /the configuration in its header is not valid here \(feed: .*--config/,
    );
    expect(() => withCaptured(own, 'rubbish')).toThrow(/not valid here/);
  });
});
