import { snakeKeys } from '../../src/codec/key-case.ts';
import { type HeadlineState, headlineOf } from '../../src/domain/headline.ts';
import type { HeadlineAnswer } from '../../src/gateway/api/feed-answers.ts';

/** The headline of a feed that Bybit serves, as the gateway sends it. */
export function headline(fields: Partial<HeadlineState> = {}): HeadlineAnswer {
  return snakeKeys(
    headlineOf({
      at: 0,
      mode: 'failover',
      trading: { state: 'allowed', reason: '' },
      serving: { venue: 'bybit', since: null, insteadOf: null, why: '' },
      venues: [{ venue: 'bybit', state: 'connected', active: true, ageMs: 10, eventLagMs: 50 }],
      halted: [],
      sinks: [],
      counts: {},
      ...fields,
    }),
  );
}
