import type { FeedStatus } from '../domain/record.ts';
import type { Logger } from '../telemetry/log.ts';

const LOUD = new Set([
  'disconnected',
  'feed_stale',
  'failed_over',
  'subscription_rejected',
  'gap_unrepaired',
  'region_blocked',
  'rate_limited',
  'sink_unavailable',
  'trading_halted',
  'lines_disagree',
  'price_disputed',
]);

/** Logs a feed's status records. At a heartbeat, it also logs each symbol that newly has too many invalid messages. */
export function statusLogger(
  log: Logger,
  feed: { readonly poorQuality: readonly string[] },
): (record: FeedStatus) => void {
  let doubtful = new Set<string>();
  return (record) => {
    logStatus(log, record);
    if (record.state !== 'heartbeat') return;
    const found = new Set(feed.poorQuality);
    const added = [...found].filter((of) => !doubtful.has(of));
    if (added.length > 0) log.warn({ event: 'quality', of: added }, 'many invalid messages');
    doubtful = found;
  };
}

function logStatus(log: Logger, record: FeedStatus): void {
  const { symbol, channel, cause, line, heartbeat, switch: switched } = record;
  const facts = Object.entries({ symbol, channel, cause, line, heartbeat, switch: switched });
  const fields = {
    event: record.state,
    venue: record.venue,
    coin: record.coin,
    active_venue: record.activeVenue,
    ...Object.fromEntries(facts.filter(([, value]) => value !== null)),
    ...record.details,
  };
  const level = record.state === 'heartbeat' ? 'debug' : LOUD.has(record.state) ? 'warn' : 'info';
  log[level](fields, record.reason);
}
