import type { BookUpdate } from '../../../src/domain/market-event.ts';
import type { BookLevel } from '../../../src/domain/record.ts';

/* A venue with one order book, which tests compare with the book of `BookSync`. */

/** An empty update of one symbol. */
export const EMPTY_UPDATE: BookUpdate = {
  kind: 'book_update',
  venue: 'binance',
  symbol: 'BTCUSDT',
  venueSymbol: 'BTCUSDT',
  coin: 'BTC',
  environment: 'production',
  epoch: 0,
  receivedAt: 0,
  firstUpdateId: '0',
  lastUpdateId: '0',
  snapshot: false,
  bids: [],
  asks: [],
  timestamp: null,
  sequence: null,
};

const TICKS = 16;

interface Change {
  readonly bid: boolean;
  readonly level: BookLevel;
}

interface State {
  readonly bids: readonly BookLevel[];
  readonly asks: readonly BookLevel[];
}

/** A book as text: all its levels, best first. */
export function bookText(bids: readonly BookLevel[], asks: readonly BookLevel[]): string {
  const side = (levels: readonly BookLevel[]) => levels.map(({ price, quantity }) => `${price}:${quantity}`).join(' ');
  return `${side(bids)} | ${side(asks)}`;
}

function topText(state: State | undefined, levels: number): string | undefined {
  return state && bookText(state.bids.slice(0, levels), state.asks.slice(0, levels));
}

/** A venue that changes a small book, which never crosses, and remembers every state. */
export class BookVenue {
  /** The id of the last change. */
  id: number;
  /** The venue's time, milliseconds. */
  clock = 1_000_000;
  readonly #random: () => number;
  readonly #bids = new Map<number, string>();
  readonly #asks = new Map<number, string>();
  readonly #changes = new Map<number, Change>();
  readonly #states = new Map<number, State>();
  #previous: BookVenue['states'] | undefined;

  constructor(random: () => number, firstId: number) {
    this.#random = random;
    this.id = firstId;
    this.#remember();
  }

  get states(): ReadonlyMap<number, State> {
    return this.#states;
  }

  /**
   * True if the best `levels` levels of the book had this text at this id. The states from before the last restart of
   * the ids count, too.
   */
  was(id: string, text: string, levels: number): boolean {
    const at = Number(id);
    return topText(this.#states.get(at), levels) === text || topText(this.#previous?.get(at), levels) === text;
  }

  /** The best `levels` levels now. */
  text(levels: number): string {
    return topText(this.#states.get(this.id), levels) ?? '';
  }

  change(): void {
    const bid = this.#random() < 0.5;
    const side = bid ? this.#bids : this.#asks;
    const low = bid ? 1 : Math.max(0, ...this.#bids.keys()) + 1;
    const high = bid ? Math.min(TICKS + 1, ...this.#asks.keys()) - 1 : TICKS;
    const known = [...side.keys()];
    const removes = low > high || (known.length > 0 && this.#random() < 0.4);
    const tick = removes ? (known[this.#below(known.length)] ?? 1) : low + this.#below(high - low + 1);
    const quantity = removes ? '0' : `${1 + this.#below(9)}`;
    if (removes) side.delete(tick);
    else side.set(tick, quantity);
    this.id++;
    this.clock++;
    this.#changes.set(this.id, { bid, level: { price: `${tick}`, quantity } });
    this.#remember();
  }

  /** Restarts the ids at 1, much later, and makes the first change. */
  restart(): void {
    this.#previous = new Map(this.#states);
    this.#states.clear();
    this.#changes.clear();
    this.clock += 10_000;
    this.id = 0;
    this.change();
  }

  update(from: number, to: number): BookUpdate {
    const changes = Array.from({ length: to - from + 1 }, (_, index) => this.#changes.get(from + index)).filter(
      (change) => change !== undefined,
    );
    const last = (bid: boolean) => [
      ...new Map(changes.filter((change) => change.bid === bid).map(({ level }) => [level.price, level])).values(),
    ];
    return {
      ...EMPTY_UPDATE,
      firstUpdateId: `${from}`,
      lastUpdateId: `${to}`,
      bids: last(true),
      asks: last(false),
      timestamp: this.clock,
      receivedAt: this.clock * 1000,
    };
  }

  /** @param limit levels on each side, if not all are fetched */
  snapshot(id: number, limit?: number): BookUpdate {
    const { bids = [], asks = [] } = this.#states.get(id) ?? {};
    const ids = { firstUpdateId: `${id}`, lastUpdateId: `${id}` };
    return {
      ...EMPTY_UPDATE,
      ...ids,
      snapshot: true,
      ...(limit === undefined ? {} : { limit }),
      bids: bids.slice(0, limit),
      asks: asks.slice(0, limit),
      timestamp: this.clock,
      receivedAt: this.clock * 1000,
    };
  }

  #remember(): void {
    const rising = (side: ReadonlyMap<number, string>): BookLevel[] =>
      [...side].sort(([a], [b]) => a - b).map(([tick, quantity]) => ({ price: `${tick}`, quantity }));
    const bids = rising(this.#bids).reverse();
    const asks = rising(this.#asks);
    this.#states.set(this.id, { bids, asks });
  }

  #below(bound: number): number {
    return Math.floor(this.#random() * bound);
  }
}
