import type { Connection } from './connection.ts';
import type { VenueSpec } from './venue-spec.ts';

/** The pings of one connection: when the next ping is due, and when the unanswered pings were sent. */
interface Pings {
  nextAt: number;
  readonly open: number[];
}

/**
 * Pings clients as Binance does. Ends connections that do not return the payload in time, or are older than
 * `lifetimeMs`.
 */
export function serverPings(ping: VenueSpec['ping'], lifetimeMs = Number.POSITIVE_INFINITY) {
  const pings = new WeakMap<Connection, Pings>();

  function slice(connections: readonly Connection[], now: number): void {
    for (const connection of [...connections]) {
      if (connection.interference?.frozen === true) continue;
      if (now - connection.openedAt > lifetimeMs) connection.close(1001, 'lifetime');
      else if (ping !== undefined) check(connection, now, ping);
    }
  }

  function answered(connection: Connection, payload: string): void {
    const open = pings.get(connection)?.open;
    if (open?.includes(Number(payload)) === true) open.length = 0;
  }

  function check(connection: Connection, now: number, { everyMs, answerWithinMs }: NonNullable<VenueSpec['ping']>) {
    const { ws } = connection;
    const own = pings.get(connection) ?? { nextAt: connection.openedAt + everyMs, open: [] };
    pings.set(connection, own);
    if (now - (own.open[0] ?? now) > answerWithinMs) ws.terminate();
    else if (now >= own.nextAt && ws.readyState === ws.OPEN) {
      own.nextAt = now + everyMs;
      own.open.push(now);
      connection.answer('ping', `${now}`);
    }
  }

  return { slice, answered };
}
