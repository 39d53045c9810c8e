import { map, type Observable, type SchedulerLike, tap } from 'rxjs';
import { type Config, feedVenues } from '../config/config.ts';
import { getOrCreate } from '../domain/get-or-create.ts';
import type { VenueId } from '../domain/instrument.ts';
import { topCoins } from '../feed/instruments/top-coins.ts';
import { network, type VenueNetworks } from '../net/network.ts';
import { ConnectionBudget } from '../venues/connection/rate-limit.ts';
import type { ListedInstrument, RestRequest, Rows } from '../venues/contract.ts';
import { venues } from '../venues/registry.ts';
import { VenueRest } from '../venues/rest/rest-client.ts';

export interface VenueAccessOptions {
  readonly scheduler: SchedulerLike;
  /** A recorded or replayed network. Default: the real one. */
  readonly networks?: VenueNetworks;
  /** Called with the number of unreadable rows of a venue's instrument list or 24-hour volumes, if any. */
  readonly onMalformedRows?: (venue: VenueId, list: 'instruments' | 'volumes', rows: number) => void;
}

/**
 * What the feeds of a process share: the venues' request and connection budgets, which count for an IP address, and the
 * most traded coins.
 */
export class VenueAccess {
  /** Undefined unless only the most traded coins are followed. */
  readonly topCoins$: Observable<ReadonlySet<string>> | undefined;
  readonly #config: Config;
  readonly #options: VenueAccessOptions;
  readonly #rests = new Map<VenueId, VenueRest>();
  readonly #connections = new Map<VenueId, ConnectionBudget>();

  constructor(config: Config, options: VenueAccessOptions) {
    this.#config = config;
    this.#options = options;
    const { coins, quote } = config;
    if (coins.kind !== 'all' || coins.topByVolume === undefined) return;
    const sources = feedVenues(config).map((id) => ({
      listed$: this.listed$(id),
      volumes$: this.#readableRows(id, 'volumes', venues[id].dayVolumes),
    }));
    this.topCoins$ = topCoins({ sources, quote, most: coins.topByVolume, scheduler: options.scheduler });
  }

  rest(id: VenueId): VenueRest {
    const { scheduler, networks = () => network } = this.#options;
    const { venues: configured, cluster } = this.#config;
    return getOrCreate(
      this.#rests,
      id,
      () =>
        new VenueRest(venues[id], configured[id].restUrls, scheduler, networks(id, 0).get, cluster.venueBudgetShare),
    );
  }

  connections(id: VenueId): ConnectionBudget {
    const { connectionsPerFiveMinutes } = venues[id].limits;
    const { venueBudgetShare } = this.#config.cluster;
    return getOrCreate(this.#connections, id, () => new ConnectionBudget(connectionsPerFiveMinutes, venueBudgetShare));
  }

  /** The venue's instrument list. Each subscription fetches it, and applies the request limit that it states. */
  listed$(id: VenueId): Observable<readonly ListedInstrument[]> {
    const { instruments } = venues[id];
    const parse: typeof instruments.parse = (body, onBadRow) => {
      const list = instruments.parse(body, onBadRow);
      if (list.restWeightPerMinute !== undefined) this.rest(id).limit(list.restWeightPerMinute);
      return list;
    };
    return this.#readableRows(id, 'instruments', { ...instruments, parse });
  }

  #readableRows<T>(
    id: VenueId,
    list: 'instruments' | 'volumes',
    request: RestRequest<Rows<T>>,
  ): Observable<readonly T[]> {
    return this.rest(id)
      .ask$(request)
      .pipe(
        tap(({ malformed }) => {
          if (malformed > 0) this.#options.onMalformedRows?.(id, list, malformed);
        }),
        map(({ rows }) => rows),
      );
  }
}
