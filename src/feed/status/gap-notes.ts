import { duration } from '../../domain/duration.ts';
import { getOrCreate } from '../../domain/get-or-create.ts';
import type { Gap } from '../../domain/record.ts';
import type { FeedEvent } from '../feed-event.ts';
import type { StatusNote } from './status-numbering.ts';

type Facts = Required<Pick<StatusNote, 'venue' | 'symbol' | 'channel' | 'details'>>;
type GapEvent = Extract<FeedEvent, { kind: 'gap_pending' | 'gap_closed' | 'ids_restarted' }>;

/**
 * Makes status notes of each gap: one when its repair begins, and one with its outcome. Restarted ids make only one
 * note.
 */
export class GapNotes {
  /** Ids of the first trades after pending gaps, by symbol. */
  readonly #pending = new Map<string, Set<string>>();

  next(event: GapEvent): readonly StatusNote[] {
    switch (event.kind) {
      case 'gap_pending': {
        getOrCreate(this.#pending, event.symbol, () => new Set<string>()).add(event.toId);
        return [detected(event.gap, event)];
      }
      case 'gap_closed': {
        const { gap } = event;
        const wasPending = this.#pending.get(event.symbol)?.delete(event.toId) === true;
        if (gap === undefined) return [];
        return wasPending ? [closed(gap, event)] : [detected(gap, event), closed(gap, event)];
      }
      case 'ids_restarted': {
        const { gap, after, coin } = event;
        const facts = factsOf(gap, after.kind);
        const reason = `${gap.venue} restarted the trade ids of ${gap.symbol}: ${after.tradeId} follows ${gap.fromId}`;
        const details = { ...facts.details, first_id: after.tradeId };
        return [{ state: 'gap_detected', reason, coin, cause: 'ids_restarted', ...facts, details }];
      }
    }
  }

  /** Forgets a symbol's pending gaps, because gaps of an ended epoch have no outcome. */
  forget(symbol: string): void {
    this.#pending.delete(symbol);
  }
}

type About = Pick<Extract<GapEvent, { kind: 'gap_pending' }>, 'coin' | 'channel'>;

function detected(gap: Gap, { coin, channel }: About): StatusNote {
  const reason = `${pause(gap, coin)}, ${missingText(gap.missing)} missing`;
  return { state: 'gap_detected', reason, coin, ...factsOf(gap, channel) };
}

function closed(gap: Gap, { coin, channel }: About): StatusNote {
  const facts = factsOf(gap, channel);
  const details = { ...facts.details, filled: String(gap.filled) };
  const isRepaired = gap.outcome === 'repaired';
  const left = gap.missing === null ? null : gap.missing - gap.filled;
  const reason = isRepaired
    ? `${coin}: trades of ${duration(gap.toTime - gap.fromTime)} were missing, all were fetched`
    : `${pause(gap, coin)}, ${missingText(left)} missing and not fetched`;
  return { state: isRepaired ? 'gap_repaired' : 'gap_unrepaired', reason, coin, ...facts, details };
}

function pause({ fromTime, toTime }: Gap, coin: string): string {
  return `${coin}: ${duration(toTime - fromTime)} without trades`;
}

function missingText(missing: number | null): string {
  return missing === null ? 'an unknown number' : missing.toLocaleString('en-US');
}

function factsOf({ venue, symbol, epoch, fromId, toId, missing }: Gap, channel: Facts['channel']): Facts {
  const details = {
    epoch: String(epoch),
    from_id: fromId ?? '',
    to_id: toId ?? '',
    missing: missing === null ? 'unknown' : String(missing),
  };
  return { venue, symbol, channel, details };
}
