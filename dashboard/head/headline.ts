import { computed } from '@preact/signals';
import { type Headline, headlineOf } from '../../src/domain/headline.ts';
import type { Status } from '../../src/gateway/api/feed-answers.ts';
import { status } from '../feed/feed-state.ts';
import { isPresent, statusAt } from '../feed/presence.ts';
import { feedTime, now } from '../page/page-clock.ts';

/** The sentence about the feed as the page shows it: the gateway's sentence, or that there is none. */
export const headline = computed(
  (): Pick<Headline, 'announcement' | 'trading' | 'lagText' | 'missing'> & {
    readonly serving: Pick<Headline['serving'], 'names' | 'text'>;
  } => {
    const overview = status.value;
    if (overview === undefined || !isPresent.value) return unknownHeadline(overview);
    const { announcement, trading, serving, lag_text, missing } = overview.headline;
    return { announcement, trading, serving, lagText: lag_text, missing };
  },
);

export const tradingState = computed(() => headline.value.trading.state);

function unknownHeadline(overview: Status | undefined): Headline {
  const passedMs = overview === undefined ? 0 : now.value - statusAt.value;
  const active = overview?.headline.serving.venue ?? null;
  const ageMs = overview?.venues.find(({ venue }) => venue === active)?.age_ms ?? null;
  return headlineOf({
    at: feedTime(now.value),
    mode: 'failover',
    trading:
      overview === undefined
        ? { state: 'unknown', reason: 'no answer of the gateway yet' }
        : { state: 'unknown', reason: 'no answer of the gateway', forMs: passedMs },
    serving: { venue: active, since: null, insteadOf: null, why: '' },
    venues:
      active === null
        ? []
        : [
            {
              venue: active,
              state: 'connecting',
              active: true,
              ageMs: ageMs === null ? null : ageMs + passedMs,
              eventLagMs: null,
            },
          ],
    halted: [],
    sinks: [],
    counts: {},
  });
}
