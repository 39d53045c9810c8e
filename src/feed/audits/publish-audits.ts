import { catchError, defaultIfEmpty, interval, map, mergeMap, Observable, of, Subject, take, timeout } from 'rxjs';
import type { Gap, Kline } from '../../domain/record.ts';
import { listen } from '../../operators/listen.ts';
import { candlesAt } from '../analytics/past-candles.ts';
import type { FeedOutput, FeedStage } from '../feed-event.ts';
import type { StageOptions } from '../feed-options.ts';
import { holdUntilKnown } from '../resume/hold-until-known.ts';
import { GapNotes } from '../status/gap-notes.ts';
import type { VenueFeed } from '../venue-feed.ts';
import type { CandleGap } from './audit-series.ts';
import { MINUTE_MS } from './audited-minute.ts';
import { Audits, type UnexplainedMinute } from './audits.ts';

const TICK_MS = 1000;
/** How long the request for a minute's candle may take, the wait for the venue's request budget included. */
const CANDLE_WITHIN_MS = 20_000;
/** Maximum requests at once, because other requests, such as those for missing trades, are more urgent. */
const AT_ONCE = 5;

export type AuditStageOptions = Pick<StageOptions, 'counts' | 'recent' | 'numbering' | 'scheduler' | 'wallClockMs'> & {
  readonly environment: Gap['environment'];
  readonly venueOf: (id: string) => Pick<VenueFeed, 'instruments' | 'options'> | undefined;
};

/**
 * Publishes an audit of each minute of each symbol: what was published of it, and whether it is complete. A stop
 * publishes no open minute; the next start continues it.
 */
export function publishAudits(options: AuditStageOptions): FeedStage {
  const { counts, recent = [[]], scheduler, wallClockMs } = options;
  const venueOf = (id: string) => {
    const venue = options.venueOf(id)?.options;
    return {
      contiguousIds: venue?.venue.contiguousTradeIds ?? false,
      hasCandles: venue?.channels.includes('kline_1m') ?? false,
    };
  };
  return (events$) =>
    new Observable((out) => {
      const audits = new Audits({ counts, venueOf, wallClockMs });
      const publish = (records: FeedOutput['records'], barrier = false): void => {
        if (records.length > 0) out.next({ records, barrier });
      };
      const unexplained$ = new Subject<UnexplainedMinute>();
      listen(unexplained$.pipe(mergeMap((minute) => candleOf(minute, options), AT_ONCE)), out, {
        next({ series, start, candle }) {
          const { gap, audits: last } = series.conclude(start, candle, wallClockMs());
          if (gap !== undefined) {
            const record = gapRecord({ series, start }, gap, options);
            publish([record], true);
            const coin = last[0]?.coin ?? '';
            const facts = { symbol: record.symbol, coin, channel: record.channel, toId: record.toId ?? '' };
            const notes = new GapNotes().next({ kind: 'gap_closed', ...facts, gap: record });
            publish(notes.map((note) => options.numbering.record(note)));
          }
          publish(last);
        },
        complete() {},
      });
      listen(interval(TICK_MS, scheduler), out, {
        next() {
          const { audits: due, unexplained } = audits.tick(scheduler.now());
          publish(due);
          for (const minute of unexplained) unexplained$.next(minute);
        },
      });
      holdUntilKnown(events$, recent, out, {
        start: (previous) => audits.restore(previous),
        next: (event) => publish(audits.next(event)),
      });
    });
}

/** Fetches the closed candle of a minute. Without an answer, the result has none. */
function candleOf({ series, start }: UnexplainedMinute, { venueOf, scheduler }: AuditStageOptions) {
  const { symbol, venue } = series.options;
  const wanted = { interval: '1m', from: start, to: start } as const;
  return candlesAt(venueOf(venue), { coin: symbol, symbol }, wanted).pipe(
    timeout({ first: CANDLE_WITHIN_MS, scheduler }),
    map((candles) => candles.find(({ openTime, closed }) => openTime === start && closed)),
    catchError(() => of<Kline | undefined>(undefined)),
    defaultIfEmpty<Kline | undefined, undefined>(undefined),
    take(1),
    map((candle) => ({ series, start, candle })),
  );
}

/** The gap of a minute whose trades are missing. */
function gapRecord(
  { series, start }: UnexplainedMinute,
  { before, after, missing }: CandleGap,
  { counts, environment }: AuditStageOptions,
): Gap {
  const { venue, symbol, epoch } = series.options;
  return {
    kind: 'gap',
    ...{ venue, symbol, epoch, environment },
    channel: counts,
    fromId: before?.id ?? null,
    toId: after?.id ?? null,
    fromTime: before?.timestamp ?? start,
    toTime: after?.timestamp ?? start + MINUTE_MS,
    missing,
    filled: 0,
    outcome: 'unrepaired',
  };
}
