/** Says whether and when to retry after an error. */
export type RetryDecision =
  /** The retrying code decides when. */
  | { readonly kind: 'backoff' }
  /** Not before `afterMs` milliseconds have passed. */
  | { readonly kind: 'after'; readonly afterMs: number }
  /** A retry does not help. */
  | { readonly kind: 'never' };

const BACKOFF: RetryDecision = { kind: 'backoff' };

/**
 * Reads the decision from an error's property `retry`. Any object may have it; no special class is needed. Without a
 * valid `retry`, the decision is `backoff`.
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
