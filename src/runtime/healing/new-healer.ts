import { firstValueFrom, type SchedulerLike, takeUntil } from 'rxjs';
import { type Config, environmentOf, feedVenues, instrumentsFor } from '../../config/config.ts';
import { Fault } from '../../domain/fault.ts';
import { getOrCreate } from '../../domain/get-or-create.ts';
import type { Instrument, VenueId } from '../../domain/instrument.ts';
import type { VenuePast } from '../../healing/fetch-missing.ts';
import { Healer, type HealerOptions } from '../../healing/healer.ts';
import { HealingStore } from '../../healing/healing-store.ts';
import { aborted$, pauseFor } from '../../net/aborted.ts';
import type { SinkArchive } from '../../sinks/contract.ts';
import type { ListedInstrument } from '../../venues/contract.ts';
import { venues } from '../../venues/registry.ts';
import type { VenueAccess } from '../venue-access.ts';

/** What a healer needs from the process. */
export interface HealingDependencies {
  readonly scheduler: SchedulerLike;
  readonly wallClockMs: () => number;
  readonly access: VenueAccess;
  readonly signal: AbortSignal;
  /** The share of the thread's time that healing may take: above 0, at most 1. */
  readonly share: number;
}

/** Makes the healer of one sink. */
export function newHealer(
  archive: SinkArchive,
  config: Config,
  { scheduler, wallClockMs, access, signal, share }: HealingDependencies,
  options: Pick<HealerOptions, 'isOwn' | 'sinceMs' | 'feedSinceMs' | 'onEvent'>,
): Healer {
  const pause = async (ms: number): Promise<void> => {
    await pauseFor(ms, scheduler, signal);
    signal.throwIfAborted();
  };
  const turn = (busyMs: number) => pause(busyMs / share - busyMs);
  const store = new HealingStore({ archive, config, pause, turn });
  const past = new Map<VenueId, VenuePast>();
  return new Healer({
    ...options,
    onEvent: (event) => {
      // A stop interrupts the work, which is no reason to report a gap.
      if (event.kind !== 'left' || !signal.aborted) options.onEvent(event);
    },
    store,
    wallClockMs,
    windows: config.stats,
    isContiguous: (id) => venues[id].contiguousTradeIds,
    pastOf: (id) =>
      feedVenues(config).includes(id)
        ? getOrCreate(past, id, () => pastTradesOf(id, config, { access, wallClockMs, signal }))
        : undefined,
    instrumentOf: instrumentLookup(config, access, wallClockMs),
  });
}

/** Asks a venue for past trades with the part of the request budget that the repair of new gaps leaves. */
function pastTradesOf(
  id: VenueId,
  config: Config,
  { access, wallClockMs, signal }: Pick<HealingDependencies, 'access' | 'wallClockMs' | 'signal'>,
): VenuePast {
  const rest = access.rest(id);
  const { backfill, recent } = venues[id];
  const from = { environment: environmentOf(config, id), receivedAt: () => wallClockMs() * 1000 };
  const stopped = { defaultValue: undefined };
  const ask = async <T>(request: Parameters<typeof rest.askSparingly$<T>>[0]): Promise<T> => {
    const answer = await firstValueFrom(rest.askSparingly$(request).pipe(takeUntil(aborted$(signal))), stopped);
    if (answer === undefined) throw new Fault('internal', 'the healer is stopped');
    return answer;
  };
  return {
    // Attempts with odd numbers request trades by id, however long the gap is.
    after:
      backfill &&
      ((instrument, known) =>
        ask(backfill({ ...from, instrument, before: known, after: { tradeId: known.id }, attempt: 1 }))),
    recent: recent && ((instrument) => ask(recent({ ...from, instrument }))),
  };
}

/** How long an instrument list is used, milliseconds. */
const LIST_MS = 600_000;

/** Returns a function that looks markets up: configured ones at once, others in the venue's list. */
function instrumentLookup(config: Config, access: VenueAccess, wallClockMs: () => number) {
  const lists = new Map<VenueId, { readonly at: number; readonly rows: Promise<readonly ListedInstrument[]> }>();
  const listOf = (id: VenueId): Promise<readonly ListedInstrument[]> => {
    const known = lists.get(id);
    if (known !== undefined && wallClockMs() - known.at < LIST_MS) return known.rows;
    const rows = firstValueFrom(access.listed$(id));
    lists.set(id, { at: wallClockMs(), rows });
    rows.catch(() => lists.delete(id));
    return rows;
  };
  return async (id: VenueId, symbol: string): Promise<Instrument | undefined> => {
    const isSought = (instrument: Instrument): boolean => instrument.symbol === symbol;
    if (config.coins.kind !== 'all') return instrumentsFor(config, id).find(isSought);
    const row = (await listOf(id)).find(({ base, quote }) => quote === config.quote && base + quote === symbol);
    return row && { coin: row.base, symbol, venueSymbol: row.venueSymbol };
  };
}
