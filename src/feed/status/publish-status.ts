import { defer, type Subscriber } from 'rxjs';
import type { FeedEvent, FeedOutput, FeedStage } from '../feed-event.ts';
import type { StageOptions } from '../feed-options.ts';
import { stage } from '../publish/publishing.ts';
import { GapNotes } from './gap-notes.ts';
import type { StatusNote } from './status-numbering.ts';
import { switchNote } from './switch-note.ts';

type Out = Subscriber<FeedOutput>;

/** Publishes status records of venues, switches and gaps, and dead letters. */
export function publishStatus({ numbering, watch }: Pick<StageOptions, 'numbering' | 'watch'>): FeedStage {
  return (events$) =>
    defer(() => {
      const gaps = new GapNotes();
      const publish = (note: StatusNote, to: Out) => to.next({ records: [numbering.record(note)], barrier: false });
      const onSwitched = ({ key, seams, ...event }: Extract<FeedEvent, { kind: 'switched' }>, to: Out) => {
        // The first start at the preferred venue is not a failover.
        const from = event.from ?? watch.venues[0]?.options.venue.id ?? null;
        if (from === event.to) return;
        const coin = key === null ? undefined : watch.view.symbols.get(key)?.coin;
        // The new venue's buffered trades follow at once. After them, the first trades of the new epochs are known.
        queueMicrotask(() => {
          if (!to.closed) publish(switchNote({ ...event, from, symbol: key, coin }, seams()), to);
        });
      };
      return events$.pipe(
        stage<FeedEvent, FeedOutput>((event, to) => {
          switch (event.kind) {
            case 'status':
              publish(event.note, to);
              return;
            case 'switched':
              onSwitched(event, to);
              return;
            case 'gap_pending':
            case 'gap_closed':
            case 'ids_restarted':
              for (const note of gaps.next(event)) publish(note, to);
              return;
            case 'served':
              gaps.forget(event.symbol);
              return;
            case 'dead_letter':
              to.next({ records: [event.record], barrier: false });
          }
        }),
      );
    });
}
