import type { FailoverOptions } from '../../operators/failover/failover-options.ts';
import type { MergedEvent } from '../arbitration/merged-event.ts';
import type { StageOptions } from '../feed-options.ts';
import { venueToStartWith } from '../resume/previous-runs.ts';

/**
 * A standby venue keeps its trades for `stale_after_ms` plus this time, milliseconds. They are needed at a switch, and
 * a venue counts as stale only after `stale_after_ms`.
 */
const RING_EXTRA_MS = 5000;

export function failoverOptions(
  venues: readonly string[],
  { config, ledger, previous, scheduler }: Pick<StageOptions, 'config' | 'ledger' | 'previous' | 'scheduler'>,
): FailoverOptions<readonly MergedEvent[]> {
  const { feed, connectTimeoutMs } = config;
  const startWith = venueToStartWith(previous, venues);
  return {
    graceMs: feed.failoverGraceMs,
    failBackAfterMs: feed.failBackAfterMs,
    connectTimeoutMs,
    ringSpan: (feed.staleAfterMs + RING_EXTRA_MS) * 1000,
    keepInRing: (events) => isOfTrades(events[0]),
    nextEpoch: (symbol, venue) => ledger.epochOf(symbol, venue),
    canResume: (symbol, venue) => ledger.canResume(symbol, venue),
    onLapsed: (symbol) => ledger.lapse(symbol),
    ...(startWith === undefined ? {} : { startWith }),
    scheduler,
  };
}

/** Returns true for events that a standby venue keeps: trades, and events of gaps and restarted ids between them. */
function isOfTrades(event: MergedEvent | undefined): boolean {
  const kind = event?.kind;
  return kind === 'trade' || kind === 'agg_trade' || kind === 'sequence_gap_closed' || kind === 'ids_restarted';
}
