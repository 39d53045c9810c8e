import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

export interface InFlightLimits {
  readonly perConnection: number;
  readonly inAll: number;
}

/** Why a request is refused: a limit, or an earlier request of its connection exceeded the connection's limit. */
export type InFlightRefusal = keyof InFlightLimits | 'refused before';

interface Connection {
  /** Answers that wait, refusals included. */
  waiting: number;
  /** Answers that count for all connections together. */
  counted: number;
  isRefused: boolean;
}

/**
 * Counts the requests whose answers wait. An answer waits until the operating system has taken all of it, so a client
 * that reads nothing keeps its requests in flight.
 */
export class RequestsInFlight {
  readonly #limits: InFlightLimits;
  readonly #connections = new Map<Socket, Connection>();
  #all = 0;

  constructor(limits: InFlightLimits) {
    this.#limits = limits;
  }

  /** Counts a request. Returns why it must be refused; undefined if it may be served. */
  enter(socket: Socket, response: ServerResponse): InFlightRefusal | undefined {
    const connection = this.#connectionOf(socket);
    if (connection.isRefused) return 'refused before';
    connection.waiting++;
    const isServed = connection.waiting <= this.#limits.perConnection && this.#all < this.#limits.inAll;
    const counts = isServed ? 1 : 0;
    connection.counted += counts;
    this.#all += counts;
    response.once('finish', () => {
      if (this.#connections.get(socket) !== connection) return;
      connection.waiting--;
      connection.counted -= counts;
      this.#all -= counts;
    });
    if (isServed) return undefined;
    connection.isRefused = connection.waiting > this.#limits.perConnection;
    return connection.isRefused ? 'perConnection' : 'inAll';
  }

  #connectionOf(socket: Socket): Connection {
    const known = this.#connections.get(socket);
    if (known !== undefined) return known;
    const connection = { waiting: 0, counted: 0, isRefused: false };
    this.#connections.set(socket, connection);
    // Answers that wait behind another one report nothing when their connection closes.
    socket.once('close', () => {
      this.#connections.delete(socket);
      this.#all -= connection.counted;
    });
    return connection;
  }
}
