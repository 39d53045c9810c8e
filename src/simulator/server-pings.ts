import type { Connection } from './connection.ts';
import type { VenueProfile } from './venue-profile.ts';

/** The pings of one connection: when the next is due, and when those without an answer were sent. */
interface Pings {
  nextAt: number;
  readonly open: number[];
}

/**
 * Binance's server pings: a payload every so often, to be copied into the pong within a time; a pong with another
 * payload counts for nothing. And the age at which every connection ends.
 */
export class ServerPings {
  private readonly ping: VenueProfile['ping'];
  private readonly lifetimeMs: number | undefined;
  private readonly pings = new WeakMap<Connection, Pings>();

  /** `ping`: undefined when the venue sends none; `lifetimeMs`: when it ends no connection by age. */
  constructor(ping: VenueProfile['ping'], lifetimeMs: number | undefined) {
    this.ping = ping;
    this.lifetimeMs = lifetimeMs;
  }

  slice(connections: readonly Connection[], now: number): void {
    for (const connection of [...connections]) {
      if (connection.interference?.frozen === true) continue;
      if (now - connection.openedAt > (this.lifetimeMs ?? Number.POSITIVE_INFINITY)) connection.close(1001, 'lifetime');
      else if (this.ping !== undefined) this.beat(connection, now, this.ping);
    }
  }

  answered(connection: Connection, payload: string): void {
    const open = this.pings.get(connection)?.open;
    if (open?.includes(Number(payload)) === true) open.length = 0;
  }

  private beat(connection: Connection, now: number, { everyMs, answerWithinMs }: NonNullable<VenueProfile['ping']>) {
    const { ws } = connection;
    const pings = this.pings.get(connection) ?? { nextAt: connection.openedAt + everyMs, open: [] };
    this.pings.set(connection, pings);
    if (now - (pings.open[0] ?? now) > answerWithinMs) ws.terminate();
    else if (now >= pings.nextAt && ws.readyState === ws.OPEN) {
      pings.nextAt = now + everyMs;
      pings.open.push(now);
      ws.ping(`${now}`);
    }
  }
}
