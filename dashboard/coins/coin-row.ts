import { signal } from '@preact/signals';
import type { Decimal } from '../../src/domain/decimal.ts';
import type { CoinAnswer } from '../../src/gateway/api/feed-answers.ts';
import type { PriceJson } from '../../src/gateway/api/record-schema.ts';
import type { Environment } from '../feed/environment.ts';
import { isOfEpoch } from '../feed/serving-epoch.ts';
import { placesOf } from '../text/number-text.ts';

const FLASH_MS = 350;

/** One coin's values, each in its own signal, so that a new value repaints only its own text. */
export class CoinRow {
  readonly coin: string;
  readonly symbol: string;
  /** Importance in the configured list of coins, 1 is the highest. */
  readonly tier = signal<number | null>(null);
  readonly price = signal<Decimal | null>(null);
  /** The largest number of decimal places so far, so that the digits stay in their columns. */
  readonly places = signal(0);
  /** Direction of the last move: 1 up, -1 down. */
  readonly direction = signal<-1 | 0 | 1>(0);
  /** True for a moment after a move. */
  readonly flash = signal(false);
  readonly change = signal<Decimal | null>(null);
  readonly volume = signal<Decimal | null>(null);
  readonly quoteVolume = signal<Decimal | null>(null);
  readonly tradesPerSecond = signal(0);
  readonly flow = signal<string | null>(null);
  readonly buyRatio = signal<number | null>(null);
  readonly venue = signal<string | null>(null);
  readonly environment = signal<Environment | null>(null);
  readonly epoch = signal(0);
  /** True if several venues publish the symbol beside each other: then the row shows one of them. */
  isOfSeveral = false;
  readonly stale = signal(false);
  /** Why the feed has halted this symbol alone; null: it has not. */
  readonly haltReason = signal<string | null>(null);
  readonly bookStale = signal<boolean | null>(null);
  readonly sparkline = signal<readonly Decimal[]>([]);
  /** When the coin's last event happened, by the page's monotonic clock, milliseconds; null: none yet. */
  readonly seenAt = signal<number | null>(null);
  #flashEnds = 0;

  constructor({ coin, symbol }: { readonly coin: string; readonly symbol: string }) {
    this.coin = coin;
    this.symbol = symbol;
  }

  overview(coin: CoinAnswer, pageMs: number): void {
    if (!isOfEpoch(coin, { venue: this.venue.peek(), epoch: this.epoch.peek() })) this.#forgetPrice();
    this.tier.value = coin.tier;
    this.tradesPerSecond.value = coin.trades_per_second;
    this.flow.value = coin.flow;
    this.buyRatio.value = coin.buy_ratio;
    this.venue.value = coin.venue;
    this.environment.value = coin.environment;
    this.epoch.value = coin.epoch;
    this.stale.value = coin.stale;
    this.haltReason.value = coin.halt_reason;
    this.bookStale.value = coin.book_stale;
    this.sparkline.value = coin.sparkline;
    this.#seen(coin.age_ms === null ? null : pageMs - coin.age_ms);
    // Otherwise the ticks are newer: the stream of changes has these fields only every ten seconds.
    if (this.price.peek() !== null && !coin.stale) return;
    this.change.value = coin.change_24h;
    this.volume.value = coin.volume_24h;
    this.quoteVolume.value = coin.quote_volume_24h;
    this.#move(coin.price, pageMs, false);
  }

  /** `eventMs`: when the tick's event happened, by the page's clock. */
  tick(tick: PriceJson, pageMs: number, eventMs = pageMs): void {
    const venue = this.venue.peek();
    if (this.isOfSeveral && venue !== null && venue !== tick.venue) return;
    if (!isOfEpoch(tick, { venue, epoch: this.epoch.peek() })) this.#forgetPrice();
    this.venue.value = tick.venue;
    this.environment.value = tick.environment;
    this.epoch.value = tick.epoch;
    if (tick.change_24h !== null) this.change.value = tick.change_24h;
    if (tick.volume_24h !== null) this.volume.value = tick.volume_24h;
    if (tick.quote_volume_24h !== null) this.quoteVolume.value = tick.quote_volume_24h;
    this.#move(tick.price, pageMs, true);
    this.#seen(eventMs);
  }

  /** Ends the flash of a move that is old enough. */
  calm(pageMs: number): void {
    if (this.flash.peek() && pageMs >= this.#flashEnds) this.flash.value = false;
  }

  /** The overview's ages are whole seconds, so a smaller difference says nothing. */
  #seen(at: number | null): void {
    const known = this.seenAt.peek();
    if (at === null || known === null || at > known || known - at > 1000) this.seenAt.value = at;
  }

  /** Forgets the price of the previous venue or epoch. */
  #forgetPrice(): void {
    this.price.value = null;
    this.direction.value = 0;
    this.flash.value = false;
  }

  #move(price: Decimal | null, pageMs: number, flash: boolean): void {
    const before = this.price.peek();
    if (price === null || price === before) return;
    this.price.value = price;
    this.places.value = Math.max(this.places.peek(), placesOf(price));
    if (before === null) return;
    this.direction.value = Number(price) > Number(before) ? 1 : -1;
    if (!flash) return;
    this.flash.value = true;
    this.#flashEnds = pageMs + FLASH_MS;
  }
}
