import { Observable } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { describe, expect, it } from 'vitest';
import { Fault } from '../../../src/domain/fault.ts';
import type { VenueEvent } from '../../../src/domain/venue-event.ts';
import type { ConnectionEvent } from '../../../src/feed/connection/line-event.ts';
import { supervisedConnection } from '../../../src/feed/connection/supervised-connection.ts';

const reconnect = { initialDelayMs: 10, maxDelayMs: 10, maxAttempts: 3, probeEveryMs: 1000 };

/** The marbles of a connection: o opened, d data, p pong. # ends it with the fault. */
const events: Record<string, VenueEvent> = {
  o: { kind: 'connected', url: 'ws://x' },
  d: { kind: 'value', key: 'BTCUSDT', at: 0, value: [] },
  p: { kind: 'answered', what: 'pong' },
};

function textOf(event: ConnectionEvent): string {
  if (event.kind === 'lost') return `lost ${event.fault.kind} #${event.attempt}${event.probing ? ' probing' : ''}`;
  if (event.kind === 'stale') return `stale ${event.cause} ${event.ageMs}`;
  if (event.kind === 'recovered') return `recovered ${event.staleForMs}`;
  return event.kind;
}

/**
 * Runs the marbles of each connection in turn; the last ones repeat. Lists what was emitted as `TIME text`, without
 * data and pongs.
 */
function run(
  connections: readonly string[],
  options: { fault?: Fault; idle?: (now: number) => boolean; until?: number } = {},
): string[] {
  const scheduler = new TestScheduler((actual, expected) => expect(actual).toEqual(expected));
  const lines: string[] = [];
  scheduler.run(({ cold, flush }) => {
    let count = 0;
    const connection$ = new Observable<VenueEvent>((subscriber) =>
      cold<VenueEvent>(
        connections[Math.min(count++, connections.length - 1)] as string,
        events,
        options.fault ?? new Fault('connection_closed', 'closed'),
      ).subscribe(subscriber),
    );
    const subscription = supervisedConnection({
      connection$,
      reconnect,
      staleAfterMs: 50,
      isIdle: () => options.idle?.(scheduler.now()) ?? false,
      scheduler,
    }).subscribe((event) => {
      if (event.kind !== 'value' && event.kind !== 'answered') lines.push(`${scheduler.now()} ${textOf(event)}`);
    });
    scheduler.schedule(() => subscription.unsubscribe(), options.until ?? 200);
    flush();
  });
  return lines;
}

describe('supervisedConnection', () => {
  it('reconnects after a loss', () => {
    const lines = run(['-o-d---#', '-o-d 30ms d 30ms d 30ms d 30ms d 30ms d 30ms d'], { until: 100 });
    expect(lines.slice(0, 3)).toEqual(['0 connecting', '1 connected', '7 lost connection_closed #1']);
    expect(lines.slice(3).map((line) => line.replace(/^[\d.]+ /, ''))).toEqual(['connecting', 'connected']);
  });

  it('slows down to probes after too many attempts without data, and never ends', () => {
    const lines = run(['-#'], { until: 4000 });
    expect(lines.filter((line) => line.includes('lost')).map((line) => line.replace(/^[\d.]+ lost /, ''))).toEqual([
      'connection_closed #1',
      'connection_closed #2',
      'connection_closed #3',
      ...[4, 5, 6, 7].map((attempt) => `connection_closed #${attempt} probing`),
    ]);
  });

  it('probes a blocked region at the slow rate from the start', () => {
    const blocked = new Fault('region_blocked', 'HTTP 451', { retry: { kind: 'never' } });
    expect(run(['-#'], { fault: blocked, until: 2500 })).toEqual([
      '0 connecting',
      '1 lost region_blocked #1 probing',
      '1001 connecting',
      '1002 lost region_blocked #1 probing',
      '2002 connecting',
      '2003 lost region_blocked #1 probing',
    ]);
  });

  it('ends a connection that sends neither data nor answers as `socket_dead`', () => {
    const lines = run(['-o-d--p'], { until: 53.5 });
    expect(lines.slice(0, 4)).toEqual([
      '0 connecting',
      '1 connected',
      '53 stale socket_dead 50',
      '53 lost socket_dead #1',
    ]);
  });

  it('ends a connection that answers but sends no data as `subscription_mute`', () => {
    const lines = run(['-o-d 30ms p'], { until: 53.5 });
    expect(lines.slice(2)).toEqual(['53 stale subscription_mute 50', '53 lost subscription_mute #1']);
  });

  it('keeps a connection without data in an idle market, and emits the recovery with the next data', () => {
    expect(run(['-o-d 30ms p 20ms p 20ms p 18ms d'], { idle: () => true, until: 120 })).toEqual([
      '0 connecting',
      '1 connected',
      '53 stale quiet_market 50',
      '95 recovered 42',
    ]);
  });

  it('ends a connection without data as `subscription_mute` when the market is no longer idle', () => {
    expect(run(['-o-d 30ms p 20ms p'], { idle: (now) => now < 70, until: 73.5 })).toEqual([
      '0 connecting',
      '1 connected',
      '53 stale quiet_market 50',
      '73 stale subscription_mute 70',
      '73 lost subscription_mute #1',
    ]);
  });

  it('ends a connection without answers as `socket_dead` even in an idle market', () => {
    expect(run(['-o-d 30ms p'], { idle: () => true, until: 73.5 })).toEqual([
      '0 connecting',
      '1 connected',
      '53 stale quiet_market 50',
      '73 stale socket_dead 70',
      '73 lost socket_dead #1',
    ]);
  });

  it('does not count the time until the socket is open as stale', () => {
    expect(run(['80ms o-d 40ms d'], { until: 130 })).toEqual(['0 connecting', '80 connected']);
  });
});
