import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Decoding } from '../../../scripts/recordings/decoding.ts';
import { readCapture } from '../../../src/capture/read-capture.ts';
import { PriceDispute } from '../../../src/feed/dispute/price-dispute.ts';
import { recordings } from '../../../testing/feeds/recordings.ts';

const CHECK_EVERY_US = 100_000;

/** How the other venues differ from the recorded one: they are late by milliseconds, and their price has another basis. */
const OTHERS = [
  { lateMs: 0, bps: 0 },
  { lateMs: 300, bps: 10 },
  { lateMs: 1000, bps: -10 },
  { lateMs: 4900, bps: -30 },
];

it.each(['hftbacktest-binance-spot-btcusdt-20240808.gz', 'hftbacktest-binance-spot-btcusdt-20240808-next.gz'])(
  'the real prices of %s are not disputed by prices that are late or have a basis',
  async (name) => {
    const venue = 'binance';
    const decoding = new Decoding(venue);
    const mids: { readonly at: number; readonly mid: number }[] = [];
    const trades: { readonly at: number; readonly price: number }[] = [];
    for await (const row of readCapture(join(recordings, name), 'hftbacktest')) {
      if (row.kind !== 'frame') continue;
      for (const event of decoding.events(row.frame.toString(), row.at)) {
        const { receivedAt: at } = event;
        if (event.kind === 'trade') trades.push({ at, price: Number(event.price) });
        if (event.kind === 'book_ticker') mids.push({ at, mid: (Number(event.bidPrice) + Number(event.askPrice)) / 2 });
      }
    }
    const dispute = new PriceDispute({ disputeBps: 100, disputeAfterMs: 500 });
    const [first, last] = [mids[0]?.at ?? 0, mids.at(-1)?.at ?? 0];
    let compared = 0;
    for (let now = first + 5_000_000; now < last; now += CHECK_EVERY_US) {
      const price = trades.findLast(({ at }) => at <= now)?.price;
      const others = OTHERS.flatMap(({ lateMs, bps }) => {
        const mid = mids.findLast(({ at }) => at <= now - lateMs * 1000)?.mid;
        return mid === undefined ? [] : [mid * (1 + bps / 10_000)];
      });
      if (price !== undefined && others.length === OTHERS.length) compared++;
      expect(dispute.next({ venue, price, others }, now / 1000)).toBeUndefined();
    }
    expect(compared).toBeGreaterThan(200);
  },
);
