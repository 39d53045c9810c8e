import type { SchedulerLike } from 'rxjs';
import { type FeedMode, marketKeyOf, type VenueSymbolName } from '../../codec/environment-topics.ts';
import type { FeedRecord, InstrumentRecord, MarketFields } from '../../domain/record.ts';
import type { StatusSnapshot } from '../../domain/status-snapshot.ts';
import { RecentGaps } from '../../market/recent-gaps.ts';
import { isOfPreviousEpoch } from '../../tradability/symbol-facts.ts';
import { AuditedMinutes } from './audited-minutes.ts';
import { FeedHistory } from './feed-history.ts';
import { FeedSummary } from './feed-summary.ts';
import { type MarketRecord, SymbolSeries } from './symbol-series.ts';

export interface ViewOptions {
  /** How many trades of a symbol are remembered. */
  readonly historyTrades: number;
  readonly mode: FeedMode;
  /** The coins' tiers in the configuration, by coin. Default: none is known. */
  readonly tiers?: Readonly<Record<string, number>>;
  readonly scheduler: SchedulerLike;
  readonly wallClockMs: () => number;
  /** Why the data is not up to the present yet; undefined if it is. */
  readonly behind?: () => string | undefined;
}

const GAPS_KEPT = 1000;

/**
 * The state after all records and snapshots, which REST, WebSocket and metrics read. A symbol has one series; in mode
 * `all` it has one for each venue. A new epoch or environment starts a new series, so no figure mixes venues or epochs.
 */
export class GatewayView {
  readonly feed: FeedSummary;
  readonly gaps = new RecentGaps(GAPS_KEPT);
  readonly audits = new AuditedMinutes();
  /** The last record of each instrument, by VENUE:SYMBOL. */
  readonly instruments = new Map<string, InstrumentRecord>();
  readonly history = new FeedHistory();
  /** The pipeline's last snapshot; undefined if it runs elsewhere. */
  snapshot: StatusSnapshot | undefined;
  /** Records by kind since the start. */
  readonly counts = new Map<FeedRecord['kind'], number>();
  /** Returns the key of a record's series. */
  readonly keyOf: (of: VenueSymbolName) => string;
  readonly #options: ViewOptions;
  readonly #bySymbol = new Map<string, Map<string, SymbolSeries>>();
  /** The first symbol of each coin. */
  readonly #symbolOf = new Map<string, string>();
  readonly #coinOf = new Map<string, string>();
  readonly #tiers: ReadonlyMap<string, number>;

  constructor(options: ViewOptions) {
    const { scheduler, wallClockMs, tiers = {} } = options;
    this.#tiers = new Map(Object.entries(tiers));
    this.#options = options;
    this.keyOf = marketKeyOf(options.mode);
    this.feed = new FeedSummary(() => ({ wall: wallClockMs(), monotonic: scheduler.now() }));
  }

  /** Adds a record. Returns false if the record is of a previous epoch: then it only raises `counts`. */
  add(record: FeedRecord): boolean {
    this.counts.set(record.kind, (this.counts.get(record.kind) ?? 0) + 1);
    switch (record.kind) {
      case 'status':
        this.feed.add(record);
        this.history.add(record);
        break;
      case 'gap':
        this.gaps.add(record);
        break;
      case 'audit':
        this.audits.add(record);
        break;
      case 'instrument':
        this.instruments.set(`${record.venue}:${record.symbol}`, record);
        break;
      case 'position':
      case 'dead_letter':
        break;
      default: {
        const series = this.#seriesFor(record);
        series?.add(record, this.at);
        return series !== undefined;
      }
    }
    return true;
  }

  setSnapshot(snapshot: StatusSnapshot): void {
    this.snapshot = snapshot;
    for (const { coin, symbol } of snapshot.coins) this.#name(coin, symbol);
  }

  /** Updates the trades a second of all symbols. Call it every second. */
  sampleRates(): void {
    for (const known of this.#bySymbol.values()) for (const series of known.values()) series.sampleRate();
  }

  get mode(): FeedMode {
    return this.#options.mode;
  }

  get behind(): string | undefined {
    return this.#options.behind?.();
  }

  get at(): number {
    return this.#options.wallClockMs();
  }

  /**
   * The age of data, milliseconds: the time since its receipt, plus the venue's event lag. `receivedAt` is microseconds
   * since 1970. A receipt in the future counts as now, because the clocks of feed and gateway may differ.
   */
  ageMs({ venue, symbol }: Pick<MarketFields, 'venue' | 'symbol'>, receivedAt: number): number {
    const lagMs = this.feed.instances.speakerOf(symbol)?.eventLagMs(venue) ?? 0;
    return Math.max(this.at - receivedAt / 1000, 0) + lagMs;
  }

  /** The canonical symbol of a symbol or coin in any letter case; undefined if it is unknown. */
  symbolOf(name: string): string | undefined {
    const upper = name.toUpperCase();
    if (this.#coinOf.has(upper) || this.#bySymbol.has(upper) || this.feed.instances.isServed(upper)) return upper;
    return this.#symbolOf.get(upper);
  }

  /** The symbol that shares the longest beginning with an unknown name, at least two letters. */
  nearestSymbol(name: string): string | undefined {
    const upper = name.toUpperCase();
    const shared = this.symbols.map((symbol) => sharedLetters(symbol, upper));
    const most = Math.max(...shared, 2);
    return this.symbols[shared.indexOf(most)];
  }

  coinOf(symbol: string): string | null {
    return this.#coinOf.get(symbol) ?? null;
  }

  tierOf(coin: string): number | null {
    return this.#tiers.get(coin) ?? null;
  }

  /** All known symbols, also those without data. */
  get symbols(): readonly string[] {
    return [...new Set([...this.#coinOf.keys(), ...this.feed.instances.symbols])];
  }

  /** A symbol's series at a venue, by default the first; undefined if it has no data. */
  series(symbol: string, venue?: string): SymbolSeries | undefined {
    const known = this.allSeries(symbol);
    return venue === undefined ? known[0] : known.find(({ id }) => id.venue === venue);
  }

  /** A symbol's series: in mode `all` one for each venue, otherwise at most one. */
  allSeries(symbol: string): readonly SymbolSeries[] {
    return [...(this.#bySymbol.get(symbol)?.values() ?? [])];
  }

  /** The record's series; undefined if the record is of a previous epoch. */
  #seriesFor(record: MarketRecord): SymbolSeries | undefined {
    const { symbol, venue, epoch, coin, environment, receivedAt } = record;
    const known = this.#bySymbol.get(symbol) ?? this.#newSymbol(coin, symbol);
    const key = this.keyOf(record);
    const own = known.get(key);
    if (own !== undefined) {
      const last = { epoch: own.id.epoch, receivedAtMs: own.receivedAt / 1000 };
      const servedSince = this.feed.instances.servedSince(symbol);
      if (isOfPreviousEpoch({ epoch, receivedAtMs: receivedAt / 1000 }, last, servedSince)) return undefined;
      if (own.id.venue === venue && own.id.epoch === epoch && own.id.environment === environment) return own;
    }
    const series = new SymbolSeries(record, this.#options.historyTrades);
    known.set(key, series);
    return series;
  }

  #newSymbol(coin: string, symbol: string): Map<string, SymbolSeries> {
    this.#name(coin, symbol);
    const bySeries = new Map<string, SymbolSeries>();
    this.#bySymbol.set(symbol, bySeries);
    return bySeries;
  }

  #name(coin: string, symbol: string): void {
    this.#coinOf.set(symbol, coin);
    if (!this.#symbolOf.has(coin)) this.#symbolOf.set(coin, symbol);
  }
}

function sharedLetters(a: string, b: string): number {
  let at = 0;
  while (at < a.length && a[at] === b[at]) at++;
  return at;
}
