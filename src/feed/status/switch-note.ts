import { lastIdOf } from '../../domain/trade-id.ts';
import type { FeedEvent, Seam } from '../feed-event.ts';
import type { StatusNote } from './status-numbering.ts';

type Switch = Pick<Extract<FeedEvent, { kind: 'switched' }>, 'from' | 'to' | 'back'> & {
  readonly reason: string;
  /** Set if a single symbol changed its venue. */
  readonly symbol: string | null;
  readonly coin: string | undefined;
};

/** Maximum symbols that a switch names one by one. */
const NAMED_SYMBOLS = 25;

/**
 * Makes a status `failed_over` or `failed_back`. For one symbol, `switch` has the last trade before the switch and the
 * first one after it. For all symbols, `details` has these trades as text.
 */
export function switchNote({ from, to, reason, back, symbol, coin }: Switch, seams: readonly Seam[]): StatusNote {
  const [only] = symbol === null ? [] : seams;
  const details: Record<string, string> = { symbols: String(seams.length) };
  if (symbol === null && seams.length <= NAMED_SYMBOLS)
    for (const seam of seams) Object.assign(details, seamDetails(seam));
  return {
    state: back ? 'failed_back' : 'failed_over',
    reason: `${from ?? 'none'} → ${to}: ${reason.replaceAll('_', ' ')}`,
    venue: to,
    symbol,
    coin: coin ?? null,
    cause: reason,
    switch: {
      from,
      to,
      lastId: only?.last === undefined ? null : lastIdOf(only.last),
      lastTimestamp: only?.last?.timestamp ?? null,
      firstId: only?.first?.tradeId ?? null,
      firstTimestamp: only?.first?.timestamp ?? null,
    },
    details,
  };
}

function seamDetails({ symbol, last, first }: Seam): Record<string, string> {
  const details: Record<string, string> = {};
  if (last !== undefined) {
    details[`last_id.${symbol}`] = lastIdOf(last);
    details[`last_timestamp.${symbol}`] = String(last.timestamp);
  }
  if (first !== undefined) {
    details[`first_id.${symbol}`] = first.tradeId;
    details[`first_timestamp.${symbol}`] = String(first.timestamp);
  }
  return details;
}
