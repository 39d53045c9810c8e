import { getOrCreate } from '../../domain/get-or-create.ts';
import type { FeedRecord, Gap, OrderBookSnapshot, TradeEvent } from '../../domain/record.ts';
import { RecentGaps } from '../../market/recent-gaps.ts';

interface RecentMarket {
  book: OrderBookSnapshot | undefined;
  /** The newest last. */
  trades: readonly TradeEvent[];
}

const KEPT_TRADES = 60;
const KEPT_GAPS = 500;

/** The published records that the pages of the live status show: the last book and trades of each market, and gaps. */
export class ShownRecords {
  readonly #markets = new Map<string, { book: OrderBookSnapshot | undefined; readonly trades: TradeEvent[] }>();
  readonly #gaps = new RecentGaps(KEPT_GAPS);

  add(records: readonly FeedRecord[]): void {
    for (const record of records) {
      if (record.kind === 'order_book') this.#market(record).book = record;
      else if (record.kind === 'trade') keep(this.#market(record).trades, record, KEPT_TRADES);
      else if (record.kind === 'gap') this.#gaps.add(record);
    }
  }

  market(venue: string | null, symbol: string): RecentMarket {
    return this.#markets.get(`${venue}:${symbol}`) ?? { book: undefined, trades: [] };
  }

  /** The newest first. */
  get gaps(): readonly Gap[] {
    return this.#gaps.latest();
  }

  #market({ venue, symbol }: { readonly venue: string; readonly symbol: string }) {
    return getOrCreate(this.#markets, `${venue}:${symbol}`, () => ({ book: undefined, trades: [] }));
  }
}

function keep<T>(items: T[], item: T, most: number): void {
  items.push(item);
  if (items.length > most) items.shift();
}
