import type { Environment, FeedStatus } from '../../domain/record.ts';
import { type Clock, FeedProcess, type FoldedVenue, SILENT_AFTER_MS } from './feed-process.ts';

/** What is asked whether it is of the present market. */
interface Told {
  readonly symbol: string;
  readonly venue: string;
  readonly environment: Environment;
}

/**
 * How the feed is, folded from its status records alone, so that it is known wherever they can be read. Several
 * processes may share the symbols: one speaks for a symbol until the heartbeat of another names it.
 */
export class FeedState {
  activeVenue: string | null = null;
  readonly #clock: Clock;
  /** By instance; who beat last comes last. */
  readonly #processes = new Map<string, FeedProcess>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(record: FeedStatus): void {
    const { instance } = record;
    const process = this.#processes.get(instance) ?? new FeedProcess(record, this.#clock);
    process.add(record);
    if (record.state === 'heartbeat') this.#supersede(process);
    this.#processes.set(instance, process);
    if (this.#heard.includes(process)) this.activeVenue = record.activeVenue;
  }

  /** The process that spoke last. */
  get lastBeat(): FeedStatus | undefined {
    return this.#speakers.at(-1)?.beat;
  }

  get symbols(): readonly string[] {
    return [...new Set(this.#speakers.flatMap(({ symbols }) => [...symbols.keys()]))];
  }

  has(symbol: string): boolean {
    return this.#speakerOf(symbol) !== undefined;
  }

  /** The first heartbeat with which who speaks for the symbol named it, milliseconds since 1970; -Infinity: nobody speaks. */
  servedSince(symbol: string): number {
    return this.#speakerOf(symbol)?.symbols.get(symbol) ?? Number.NEGATIVE_INFINITY;
  }

  get halted(): readonly string[] {
    return this.#speakers.flatMap(({ halted }) => [...halted]).sort();
  }

  /** Whose order book is out of step; one that changes hands may be told of by two. */
  get staleBooks(): readonly string[] {
    return [...new Set(this.#speakers.flatMap(({ staleBooks }) => [...staleBooks]))].sort();
  }

  /** Where two processes tell of a venue, what the one says that spoke last. */
  get venues(): ReadonlyMap<string, FoldedVenue> {
    const told = [...this.#processes.values()].flatMap(({ venues }) => venues);
    return new Map(told.map((venue) => [venue.venue, venue]));
  }

  /** Why, by name. */
  get sinksDown(): ReadonlyMap<string, string> {
    return new Map([...this.#processes.values()].flatMap(({ sinksDown }) => [...sinksDown]));
  }

  /** Since the last heartbeat of the process that is silent for longest; null: there was none yet. */
  get silentMs(): number | null {
    const silences = this.#speakers.map(({ silentMs }) => silentMs);
    return silences.length === 0 ? null : Math.max(...silences);
  }

  get trading(): { readonly state: 'allowed' | 'halted'; readonly reason: string } {
    const speakers = this.#speakers;
    if (speakers.length === 0) return { state: 'halted', reason: 'no heartbeat of the feed yet' };
    const reason = speakers.map(({ objection }) => objection).find((objection) => objection !== undefined);
    return reason === undefined ? { state: 'allowed', reason: '' } : { state: 'halted', reason };
  }

  /** True where this must not be taken for the present market of the feed. */
  isStale({ symbol, venue, environment }: Told): boolean {
    return this.#speakerOf(symbol)?.isStale(symbol, venue, environment) ?? true;
  }

  get #speakers(): readonly FeedProcess[] {
    return this.#heard.filter(({ beat }) => beat !== undefined);
  }

  /** Who has no symbols, as a shard that got none, counts only where nobody has any. */
  get #heard(): readonly FeedProcess[] {
    const all = [...this.#processes.values()];
    const withSymbols = all.filter(({ symbols }) => symbols.size > 0);
    return withSymbols.length === 0 ? all : withSymbols;
  }

  #speakerOf(symbol: string): FeedProcess | undefined {
    for (const process of this.#processes.values()) if (process.symbols.has(symbol)) return process;
    return undefined;
  }

  /** The process speaks for its symbols from now on. Who has none left is forgotten, but who is about to start. */
  #supersede(process: FeedProcess): void {
    this.#processes.delete(process.last.instance);
    for (const [instance, other] of this.#processes) {
      other.cede(process.symbols);
      const isStarting = other.beat === undefined && process.last.timestamp - other.last.timestamp <= SILENT_AFTER_MS;
      if (other.symbols.size === 0 && !isStarting) this.#processes.delete(instance);
    }
  }
}
