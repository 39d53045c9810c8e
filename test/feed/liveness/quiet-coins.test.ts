import { expect, it } from 'vitest';
import type { Channel, Instrument } from '../../../src/domain/instrument.ts';
import { kindOf } from '../../../src/feed/liveness/channel-kinds.ts';
import { SWEEP_MS } from '../../../src/feed/liveness/channel-life.ts';
import { ChannelWatch } from '../../../src/feed/liveness/channel-watch.ts';
import { Random } from '../../../src/simulator/market/random.ts';
import { currentSeed, isFuzz } from '../../../testing/properties/seeds.ts';

const HOURS = isFuzz ? 24 : 1;
const COINS = isFuzz ? 200 : 60;
const CHANNELS: readonly Channel[] = ['trade', 'ticker', 'book_ticker', 'kline_1m', 'depth'];
/** For every third coin: the probability in each second that an idle time of one to ten minutes begins. */
const FALLS_QUIET = 1 / 900;

/**
 * A coin with trades at random times, at our venue and at another one. The first coin has 20 trades a second, the
 * others have fewer.
 */
interface Coin {
  readonly instrument: Instrument;
  readonly tradesASecond: number;
  quietUntil: number;
  tradedElsewhereAt: number | undefined;
}

it('ChannelWatch finds no stale channel in a market where every third coin is idle for minutes at times', () => {
  const random = new Random(currentSeed());
  const isHit = (rate: number): boolean => random.fraction() < 1 - Math.exp(-rate);
  let now = 0;
  const coins = Array.from({ length: COINS }, (_, rank): Coin => {
    const coin = `C${rank}`;
    const instrument = { coin, symbol: `${coin}USDT`, venueSymbol: `${coin}USDT` };
    return { instrument, tradesASecond: Math.max(20 / (rank + 1), 0.05), quietUntil: 0, tradedElsewhereAt: undefined };
  });
  const byName = new Map(coins.map((coin) => [coin.instrument.coin, coin]));
  const found: string[] = [];
  const watch = new ChannelWatch({
    venue: 'bybit',
    channels: CHANNELS,
    neededChannel: 'trade',
    staleAfterMs: 5000,
    coinStaleAfterMs: 30_000,
    againAfterMs: 60_000,
    tradedElsewhereAt: (coin) => byName.get(coin)?.tradedElsewhereAt,
    isIdle: () => false,
    lastDataAt: () => now,
    onBookStale: (symbol) => found.push(`${now} the book of ${symbol}`),
    resubscribe: ({ symbol }, channels) => found.push(`${now} ${channels} of ${symbol}`),
    replace: () => {},
    leave: () => {},
    report: () => {},
  });
  for (const { instrument } of coins)
    for (const channel of CHANNELS)
      for (const line of [1, 2]) watch.subscribed(instrument, channel, { line, connection: line, now });

  /** The frames of the second line, which come a moment after the first line's, at the start of the next second. */
  let late: (() => void)[] = [];
  for (let second = 0; second < HOURS * 3600; second++) {
    const due = late;
    late = [];
    for (const deliver of due) deliver();
    for (const [rank, coin] of coins.entries()) {
      const { instrument, tradesASecond } = coin;
      if (rank % 3 === 0 && isHit(FALLS_QUIET)) coin.quietUntil = now + 60_000 + random.below(540_000);
      const isQuiet = now < coin.quietUntil;
      const hasTraded = !isQuiet && isHit(tradesASecond);
      if (!isQuiet && isHit(tradesASecond / 2)) coin.tradedElsewhereAt = now + random.below(SWEEP_MS);
      const quotes = isHit(hasTraded ? 10 : isQuiet ? 0.3 : 1);
      const delivers: Readonly<Record<string, boolean>> = {
        ...{ trade: hasTraded, ticker: hasTraded || isHit(0.2), kline: hasTraded && isHit(2) },
        ...{ book_ticker: quotes, book_update: quotes },
      };
      const channels = watch.of(instrument.symbol);
      for (const channel of CHANNELS) {
        const kind = kindOf(channel);
        if (delivers[kind] !== true) continue;
        channels.received(kind, 1, 0);
        if (random.fraction() < 0.1) late.push(() => channels.received(kind, 2, 0));
        else channels.received(kind, 2, 0);
      }
    }
    now += SWEEP_MS;
    watch.sweep(now, false);
  }
  expect(found).toEqual([]);
});
