import { filter, firstValueFrom, from, merge, mergeMap, race, share, takeUntil, throttleTime, timer } from 'rxjs';
import type { Config } from '../../config/config.ts';
import { asFault } from '../../domain/fault.ts';
import type { FeedRecord } from '../../domain/record.ts';
import { isMissing } from '../../domain/trade-id.ts';
import type { HealingEvent } from '../../healing/healer.ts';
import { isTakenOver } from '../../kafka/kafka-error.ts';
import { aborted$, pauseFor } from '../../net/aborted.ts';
import type { SinkArchive } from '../../sinks/contract.ts';
import type { Logger } from '../../telemetry/log.ts';
import type { RunningFeed } from '../running-feed.ts';
import { type HealingDependencies, newHealer } from './new-healer.ts';

export interface BackgroundHealing extends Omit<HealingDependencies, 'signal' | 'share'> {
  readonly log: Logger;
  readonly isOwn: ((symbol: string) => boolean) | undefined;
  readonly feed: Pick<RunningFeed, 'output$' | 'status'>;
  /** Called with each event of the sink `name`. */
  readonly onEvent: (event: HealingEvent, name: string) => void;
}

/** The pause after a start: the feed repairs what it can first, milliseconds. */
const START_AFTER_MS = 5000;
/** When the gaps are read after one was published: it may reach the sink late, milliseconds. */
const LOOK_AFTER_MS = [1000, 5000, 30_000] as const;
const NOTHING = { defaultValue: undefined };
const RETRY_MS = 10_000;
/** How long a stop waits for reads and writes in flight, milliseconds. */
const STOP_WITHIN_MS = 1000;
/** Healing leaves most of the thread's time to the feed. */
const TIME_SHARE = 0.2;

/** Heals the gaps of all sinks in the background. Returns a function that stops it. */
export function keepHealing(
  archives: readonly { readonly name: string; readonly archive: SinkArchive }[],
  config: Config,
  options: BackgroundHealing,
): () => Promise<void> {
  const { feed, scheduler, log, isOwn, onEvent } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  const looks$ = feed.output$.pipe(
    filter(({ records }) => records.some(isOpenGap)),
    throttleTime(LOOK_AFTER_MS[0], scheduler),
    mergeMap(() => merge(...LOOK_AFTER_MS.map((ms) => timer(ms, scheduler)))),
    takeUntil(aborted$(signal)),
    share(),
  );
  const ended = archives.map(async ({ name, archive }) => {
    const dependencies = { ...options, signal, share: TIME_SHARE };
    const healer = newHealer(archive, config, dependencies, {
      isOwn,
      sinceMs: 0,
      feedSinceMs: options.wallClockMs(),
      onEvent: (event) => onEvent(event, name),
    });
    let logged: string | undefined;
    let isDue = false;
    looks$.subscribe(() => {
      isDue = true;
    });
    await pauseFor(START_AFTER_MS, scheduler, signal);
    while (!signal.aborted) {
      let pauseMs = RETRY_MS;
      isDue = false;
      try {
        pauseMs = await healer.round();
        logged = undefined;
      } catch (error) {
        if (signal.aborted) break;
        const fault = asFault(error);
        if (fault.message !== logged)
          log.warn({ event: 'healing_failed', sink: name }, `gaps are not healed: ${fault.message}`);
        logged = fault.message;
        if (isTakenOver(fault.cause)) break;
      }
      if (!isDue) await firstValueFrom(race(looks$, timer(pauseMs, scheduler), aborted$(signal)), NOTHING);
    }
  });
  return async () => {
    stopping.abort();
    const closed = Promise.all([...archives.map(({ archive }) => archive.close()), ...ended]);
    await firstValueFrom(race(from(closed), timer(STOP_WITHIN_MS, scheduler)));
  };
}

function isOpenGap(record: FeedRecord): boolean {
  return record.kind === 'gap' && record.channel === 'trade' && isMissing(record.outcome);
}
