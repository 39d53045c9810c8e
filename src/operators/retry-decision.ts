/** What an error itself says about trying again. */
export type RetryDecision =
  /** As the one who retries sees fit. */
  | { readonly kind: 'backoff' }
  /** Not before `afterMs`, milliseconds. */
  | { readonly kind: 'after'; readonly afterMs: number }
  /** It would be no use. */
  | { readonly kind: 'never' };

const BACKOFF: RetryDecision = { kind: 'backoff' };

/**
 * The decision that an error carries in its property `retry`. Any object may: no class of ours is needed. Whatever has
 * no such property, or one that is none of the three, is retried as the one who retries sees fit.
 */
export function retryDecision(error: unknown): RetryDecision {
  const retry = property(error, 'retry');
  const kind = property(retry, 'kind');
  if (kind === 'never') return { kind };
  const afterMs = property(retry, 'afterMs');
  return kind === 'after' && typeof afterMs === 'number' ? { kind, afterMs } : BACKOFF;
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
