import type { CoinAnswer, Status } from '../../src/gateway/api/feed-answers.ts';
import type { OverviewChanges } from '../../src/gateway/api/stream-messages.ts';

/** The overview after a message of the channel `overview_changes`. A coin without changes stays the same object. */
export function mergeOverview(before: Status | undefined, changes: OverviewChanges): Status {
  const { coin_count, coins: changed, ...rest } = changes;
  const coins: CoinAnswer[] = (before?.coins ?? []).slice(0, coin_count);
  for (const { index, ...fields } of changed) coins[index] = { ...(coins[index] as CoinAnswer), ...fields };
  return { ...(before as Status), ...rest, coins };
}
