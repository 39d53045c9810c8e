import type { Connection } from './connection.ts';

const LOOK_EVERY_MS = 10;

export interface ServerPingsOptions {
  /** Undefined where the venue sends no pings. */
  readonly ping: { readonly everyMs: number; readonly answerWithinMs: number } | undefined;
  /** Connections are closed when they are this old; undefined: never. */
  readonly lifetimeMs: number | undefined;
}

interface Beat {
  nextPing: number;
  /** Payloads sent and not answered, and when the first of them was sent. */
  readonly open: Set<string>;
  since: number;
}

/**
 * Binance's server pings: a payload every so often, to be copied into the pong within a time; a pong with another
 * payload counts for nothing. And the age at which every connection ends.
 */
export class ServerPings {
  private readonly options: ServerPingsOptions;
  private readonly beats = new WeakMap<Connection, Beat>();
  private nextLook = 0;

  constructor(options: ServerPingsOptions) {
    this.options = options;
  }

  slice(connections: readonly Connection[], now: number): void {
    if (now < this.nextLook) return;
    this.nextLook = now + LOOK_EVERY_MS;
    const { ping, lifetimeMs } = this.options;
    for (const connection of [...connections]) {
      if (connection.interference?.frozen === true) continue;
      if (lifetimeMs !== undefined && now - connection.openedAt > lifetimeMs) connection.close(1001, 'lifetime');
      else if (ping !== undefined) this.beat(connection, now, ping);
    }
  }

  answered(connection: Connection, payload: string): void {
    const beat = this.beats.get(connection);
    if (beat?.open.has(payload) === true) beat.open.clear();
  }

  private beat(
    connection: Connection,
    now: number,
    ping: { readonly everyMs: number; readonly answerWithinMs: number },
  ): void {
    const beat = this.beats.get(connection) ?? {
      nextPing: connection.openedAt + ping.everyMs,
      open: new Set<string>(),
      since: 0,
    };
    this.beats.set(connection, beat);
    if (beat.open.size > 0 && now - beat.since > ping.answerWithinMs) {
      connection.ws.terminate();
      return;
    }
    if (now < beat.nextPing || connection.ws.readyState !== connection.ws.OPEN) return;
    beat.nextPing = now + ping.everyMs;
    if (beat.open.size === 0) beat.since = now;
    beat.open.add(`${now}`);
    connection.ws.ping(`${now}`);
  }
}
