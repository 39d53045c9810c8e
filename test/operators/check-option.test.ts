import { describe, expect, it } from 'vitest';
import { circuitBreaker } from '../../src/operators/circuit-breaker.ts';
import { conflate } from '../../src/operators/conflate.ts';
import { createSeenWindow } from '../../src/operators/deduplicate.ts';
import { detectStale } from '../../src/operators/detect-stale.ts';
import { failover } from '../../src/operators/failover.ts';
import { repairGaps } from '../../src/operators/repair-gaps.ts';
import { requireFresh } from '../../src/operators/require-fresh.ts';
import { windowStats } from '../../src/operators/window-stats.ts';

/** Options as a program without types may pass them. */
const untyped = (options: object) => options as never;
const isData = () => true;
const timing = { graceMs: 1, failBackAfterMs: 1, connectTimeoutMs: 1, ringSpan: 1 };

describe('an operator', () => {
  it.each([
    ['detectStale: staleAfterMs must be a number above 0, found NaN', { staleAfterMs: Number.NaN, isData }],
    ['detectStale: staleAfterMs must be a number above 0, found -1', { staleAfterMs: -1, isData }],
    ['detectStale: staleAfterMs must be a number above 0, found undefined', {}],
    ['detectStale: isData must be a function, found undefined', { staleAfterMs: 1 }],
  ])('refuses options when it is made: %s', (message, options) => {
    expect(() => detectStale(untyped(options))).toThrow(message);
  });

  it.each([
    ['conflate: key must be a function, found undefined', {}],
    ['conflate: either release$ or everyMs is needed', { key: String }],
    ["conflate: everyMs must be a number of 0 or more, found '5'", { key: String, everyMs: '5' }],
  ])('refuses options when it is made: %s', (message, options) => {
    expect(() => conflate(untyped(options))).toThrow(message);
  });

  it.each([
    ['failover: sources must not be empty', [], timing],
    ['failover: graceMs must be a number of 0 or more, found undefined', ['a'], {}],
    ['failover: ringSpan must be a number of 0 or more, found NaN', ['a'], { ...timing, ringSpan: Number.NaN }],
  ])('refuses options when it is made: %s', (message, sources, options) => {
    expect(() => failover(untyped(sources), untyped(options))).toThrow(message);
  });

  it('refuses limits that would never apply', () => {
    expect(() => requireFresh(untyped({ maxAgeMs: Number.NaN, onStale: 'halt' }))).toThrow(
      'requireFresh: maxAgeMs must be a number of 0 or more, found NaN',
    );
    expect(() => requireFresh(untyped({ maxAgeMs: 1, onStale: 'stop' }))).toThrow(
      "requireFresh: onStale must be 'error' or 'halt', found stop",
    );
    const sources = { feed: { maxSilenceMs: Number.NaN } };
    expect(() => circuitBreaker(untyped({ sources, resumeAfterMs: 1 }))).toThrow(
      'circuitBreaker: maxSilenceMs of feed must be a number of 0 or more, found NaN',
    );
    expect(() => repairGaps(untyped({ holdMs: Number.NaN }))).toThrow(
      'repairGaps: holdMs must be a number of 0 or more, found NaN',
    );
    expect(() => windowStats(untyped({ allowedLatenessMs: '5' }))).toThrow(
      "windowStats: allowedLatenessMs must be a number of 0 or more, found '5'",
    );
    expect(() => createSeenWindow(0)).toThrow('deduplicate: size must be a whole number above 0, found 0');
  });
});
