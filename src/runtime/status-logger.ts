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
]);

/** Writes what the feed says of itself to the log; what is wrong with the data, once. */
export function statusLogger(log: Logger): (record: FeedStatus) => void {
  let doubtful = new Set<string>();
  return (record) => {
    logStatus(log, record);
    if (record.state !== 'heartbeat') return;
    const found = new Set(record.details.quality?.split(',') ?? []);
    const news = [...found].filter((of) => !doubtful.has(of));
    if (news.length > 0) log.warn({ event: 'quality', of: news }, 'many invalid messages');
    doubtful = found;
  };
}

function logStatus(log: Logger, record: FeedStatus): void {
  const fields = {
    event: record.state,
    venue: record.venue,
    coin: record.coin,
    active_venue: record.activeVenue,
    ...record.details,
  };
  if (record.state === 'heartbeat') log.debug(fields, record.reason);
  else if (LOUD.has(record.state)) log.warn(fields, record.reason);
  else log.info(fields, record.reason);
}
