import { Observable } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { Fault } from '../../../src/domain/fault.ts';
import type { VenueEvent } from '../../../src/domain/venue-event.ts';
import { venueNotices } from '../../../src/feed/connection/venue-notices.ts';
import { marbles } from '../../../testing/marbles/marbles.ts';

const reconnect = { initialDelayMs: 10, maxDelayMs: 10, maxAttempts: 3, probeEveryMs: 1000 };
const scheduled: VenueEvent = { kind: 'closing', reason: 'maintenance', details: { notice: 'a scheduled' } };
const ongoing: VenueEvent = { kind: 'closing', reason: 'maintenance', details: { notice: 'a ongoing' } };
const longer: VenueEvent = { kind: 'closing', reason: 'maintenance', details: { notice: 'a ongoing', end: '2' } };

/** The marbles of a connection: o opened, a subscribed, p pong, i ignored; s, r and l are announcements. */
const events: Record<string, VenueEvent> = {
  o: { kind: 'connected', url: 'ws://x' },
  a: { kind: 'subscribed', topics: ['system.status'] },
  p: { kind: 'answered', what: 'pong' },
  i: { kind: 'ignored', reason: 'maintenance_not_ours' },
  s: scheduled,
  r: ongoing,
  l: longer,
};

/**
 * Runs the marbles of each connection in turn; the last ones repeat. Returns what was emitted as `TIME NOTICE`, and how
 * often a connection was lost.
 */
function run(connections: readonly string[], untilMs: number, fault = new Fault('connection_closed', 'closed')) {
  const emitted: string[] = [];
  let lost = 0;
  let made = 0;
  marbles(({ cold, scheduler, flush }) => {
    const connection$ = new Observable<VenueEvent>((subscriber) =>
      cold<VenueEvent>(connections[Math.min(made++, connections.length - 1)] as string, events, fault).subscribe(
        subscriber,
      ),
    );
    const subscription = venueNotices({ connection$, reconnect, scheduler, onLost: () => lost++ }).subscribe(
      ({ details }) => emitted.push(`${scheduler.now()} ${details?.notice}`),
    );
    scheduler.schedule(() => subscription.unsubscribe(), untilMs);
    flush();
  });
  return { emitted, lost, made };
}

describe('venueNotices', () => {
  it('emits only announcements, and each state once', () => {
    expect(run(['-oa-i-s-s--p-r-r-l'], 100)).toEqual({ emitted: ['6 a scheduled', '13 a ongoing'], lost: 0, made: 1 });
  });

  it('does not emit an announcement again that a new connection repeats', () => {
    const { emitted, lost } = run(['-oas-#', '-oas-r'], 100);
    expect(emitted.map((text) => text.replace(/^[\d.]+ /, ''))).toEqual(['a scheduled', 'a ongoing']);
    expect(lost).toBe(1);
  });

  it('reconnects for ever at a low rate, whatever the fault is', () => {
    expect(run(['-#'], 5000)).toMatchObject({ emitted: [], made: 8, lost: 8 });
    const never = new Fault('region_blocked', 'HTTP 451', { retry: { kind: 'never' } });
    expect(run(['-#'], 2500, never)).toMatchObject({ emitted: [], made: 3, lost: 3 });
  });

  it('replaces a connection that does not answer for a minute', () => {
    expect(run(['-oa 59s p'], 100_000)).toMatchObject({ made: 1, lost: 0 });
    expect(run(['-oa', '-oa 59s p 59s p'], 100_000)).toMatchObject({ made: 2, lost: 1 });
  });
});
