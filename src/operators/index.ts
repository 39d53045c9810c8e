/** `market-feed/operators`: RxJS operators for feeds. Each stands alone: options in, events and callbacks out. */
export {
  type BreakerDecision,
  type CircuitBreakerOptions,
  type ConditionOptions,
  type ConditionReport,
  circuitBreaker,
} from './circuit-breaker.ts';
export { type ConflateEvery, type ConflateOptions, type ConflateUntil, conflate } from './conflate.ts';
export { createSeenWindow, type DeduplicateOptions, deduplicate, type Key, type SeenWindow } from './deduplicate.ts';
export { type DetectStaleOptions, detectStale, type Freshness } from './detect-stale.ts';
export type { FailoverTiming, SwitchReason } from './failover/failover-decision.ts';
export type { FailoverEvent, FailoverSource, SourceEvent } from './failover/failover-events.ts';
export type { FailoverOptions } from './failover/failover-options.ts';
export { failover } from './failover.ts';
export { type GapEvent, repairGaps } from './repair-gaps.ts';
export { type Fresh, type RequireFreshOptions, requireFresh, StaleDataError } from './require-fresh.ts';
export { RetriesExhausted, type RetryBackoffOptions, type RetryNotice, retryBackoff } from './retry-backoff.ts';
export type { RetryDecision } from './retry-decision.ts';
export { ContiguousSequence } from './sequence/contiguous-sequence.ts';
export type { ContiguousAccess } from './sequence/held-values.ts';
export type {
  Checkpoint,
  IdSequence,
  MissingValues,
  PossibleGap,
  Sequenced,
  SequenceGap,
} from './sequence/id-sequence.ts';
export type { SparseAccess } from './sequence/passed-values.ts';
export type {
  GapTiming,
  MissingIds,
  RepairGapsOptions,
  RepairLinesOptions,
  SequenceChange,
} from './sequence/repair-options.ts';
export { type SparseOptions, SparseSequence } from './sequence/sparse-sequence.ts';
export {
  type Cut,
  createTumblingWindows,
  type KeyInGroup,
  type TumblingWindows,
  type TumblingWindowsOptions,
} from './window/tumbling-windows.ts';
export type { ClosedWindow } from './window/window-timeline.ts';
export { type WindowControl, type WindowStatsOptions, windowStats } from './window-stats.ts';
