import { loadConfig } from '../../src/config/load-config.ts';
import type { VenueId } from '../../src/domain/instrument.ts';
import type { FeedStatus } from '../../src/domain/record.ts';
import { buildFeed } from '../../src/runtime/build-feed.ts';
import type { RunningFeed } from '../../src/runtime/running-feed.ts';
import { VirtualProcess } from './virtual-process.ts';
import { VirtualWorld, type VirtualWorldOptions } from './virtual-world.ts';

const COINS = ['BTC', 'ETH'];

export interface VirtualFeedOptions extends Partial<VirtualWorldOptions> {
  readonly mode?: 'failover' | 'all';
}

/** The feed of simulated venues in virtual time, without sinks. */
export class VirtualFeed {
  readonly world: VirtualWorld;
  readonly feed: RunningFeed;
  /** Its status records. */
  readonly reported: FeedStatus[] = [];

  private constructor({ mode = 'failover', ...market }: VirtualFeedOptions) {
    const options = { seed: 5, venues: ['bybit', 'binance', 'binance_us'], symbols: COINS.length, rate: 40, ...market };
    this.world = new VirtualWorld(options as VirtualWorldOptions);
    const config = loadConfig({
      values: {
        coins: COINS.slice(0, options.symbols),
        environment: 'simulated',
        feed: { venues: options.venues, mode, channels: ['trade', 'ticker', 'book_ticker'] },
      },
    });
    this.feed = buildFeed(config, { ...new VirtualProcess(this.world).dependencies, instance: 'test' });
    this.feed.output$.subscribe(({ records }) => {
      for (const record of records) if (record.kind === 'status') this.reported.push(record);
    });
    this.feed.start();
  }

  /** Starts a feed, and lets its venues connect. */
  static async start(options: VirtualFeedOptions = {}): Promise<VirtualFeed> {
    const started = new VirtualFeed(options);
    await started.world.pass(5000);
    return started;
  }

  /** Makes all prices of a symbol at a venue wrong by `bps` basis points. */
  lie(bps: number, { venue = 'bybit', symbol = 'BTCUSDT' }: { venue?: VenueId; symbol?: string } = {}): void {
    this.world.fault({ venue, fault: 'wrong_prices', symbol, bps });
  }

  /** The status records of disputes that began or ended. */
  get disputes(): readonly FeedStatus[] {
    return this.reported.filter(({ state, cause }) => state === 'price_disputed' || cause === 'price_disputed');
  }
}
