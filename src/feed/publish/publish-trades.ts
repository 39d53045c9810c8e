import { areOf } from '../arbitration/merged-event.ts';
import type { FeedStage } from '../feed-event.ts';
import { stage } from './publishing.ts';

/** Publishes trades in order, each gap before the trade after it. Gaps and positions are barriers. */
export function publishTrades(): FeedStage {
  return stage((event, out) => {
    switch (event.kind) {
      case 'data': {
        const { events } = event;
        if (areOf(events, 'trade') || areOf(events, 'agg_trade')) out.next({ records: events, barrier: false });
        return;
      }
      case 'gap_closed':
        if (event.gap !== undefined) out.next({ records: [event.gap], barrier: true });
        return;
      case 'epochs':
        if (event.records.length > 0) out.next({ records: event.records, barrier: true });
    }
  });
}
