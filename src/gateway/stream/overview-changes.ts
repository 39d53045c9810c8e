import { isDeepStrictEqual } from 'node:util';
import type { CoinAnswer, Status } from '../api/feed-answers.ts';
import type { OverviewChanges } from '../api/stream-messages.ts';
import { Item } from './stream-channels.ts';

/** Every tenth item has a coin's price fields, because the channel `prices` has them too. */
const PRICES_EVERY = 10;
/** Every 60th item has a coin's sparkline. */
const SPARKLINE_EVERY = 60;

/** Makes the items of the channel `overview_changes` from whole overviews: most of them a second apart. */
export class OverviewItems {
  readonly #make: () => Status;
  /** The overview as all clients know it after the last item. */
  #known: Status | undefined;
  #turn = 0;

  constructor(make: () => Status) {
    this.#make = make;
  }

  /** The item for a new client. `isOnly`: there is no other client, so the overview may be made anew. */
  first(isOnly: boolean): Item {
    if (isOnly) this.#known = undefined;
    if (this.#known === undefined) this.#renew();
    return this.#item();
  }

  next(): Item {
    const before = this.#known;
    const now = this.#renew();
    return this.#item(changes(before, now));
  }

  #renew(): Status {
    const status = this.#make();
    const turn = this.#turn++;
    const before = this.#known?.coins;
    this.#known = {
      ...status,
      coins: status.coins.map((coin, index) => withHeldFields(coin, before?.[index], turn + index)),
    };
    return this.#known;
  }

  /** An item: all that the clients know, for a client that missed a message; only the changes for all others. */
  #item(sequel?: OverviewChanges): Item {
    const known = this.#known;
    return new Item('', null, () => known && changes(undefined, known), sequel && (() => sequel));
  }
}

/** Rounds fields that would change each second, and keeps fields that are sent less often. */
function withHeldFields(coin: CoinAnswer, before: CoinAnswer | undefined, turn: number): CoinAnswer {
  const { age_ms, buy_ratio, trades_per_second } = coin;
  const rounded = {
    ...coin,
    age_ms: age_ms === null ? null : Math.floor(age_ms / 1000) * 1000,
    buy_ratio: buy_ratio === null ? null : Math.round(buy_ratio * 100) / 100,
    trades_per_second: Math.round(trades_per_second * 10) / 10,
  };
  const isAnother =
    before === undefined ||
    (['symbol', 'venue', 'epoch', 'stale'] as const).some((name) => before[name] !== coin[name]);
  // The prices of a stale coin are not in the channel `prices`, and another venue's price must not stay.
  if (isAnother || coin.stale) return rounded;
  const { price, change_24h, volume_24h, quote_volume_24h, sparkline } = before;
  return {
    ...rounded,
    ...(turn % PRICES_EVERY === 0 || price === null ? {} : { price, change_24h, volume_24h, quote_volume_24h }),
    ...(turn % SPARKLINE_EVERY === 0 ? {} : { sparkline }),
  };
}

function changes(before: Status | undefined, now: Status): OverviewChanges {
  const { coins: coinsBefore, ...restBefore } = before ?? { coins: [] };
  const { coins, ...rest } = now;
  return {
    ...changedFields(before && restBefore, rest),
    coin_count: coins.length,
    coins: coins.flatMap((coin, index) => {
      const fields = changedFields(coinsBefore[index], coin);
      return Object.keys(fields).length === 0 ? [] : { index, ...fields };
    }),
  };
}

function changedFields<T extends object>(before: Partial<T> | undefined, now: T): Partial<T> {
  const fields: Partial<T> = {};
  for (const name in now)
    if (before === undefined || !isDeepStrictEqual(before[name], now[name])) fields[name] = now[name];
  return fields;
}
