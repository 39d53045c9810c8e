import type { CapturedEnd, CaptureMark } from '../capture/capture-row.ts';
import type { CaptureRow } from '../capture/read-capture.ts';
import type { VenueId } from '../domain/instrument.ts';
import type { Network, VenueNetworks } from '../net/network.ts';
import type { Socket, SocketEnd, SocketHandlers } from '../net/open-socket.ts';
import type { VirtualScheduler } from '../net/virtual-scheduler.ts';
import { pathAfter } from './record-network.ts';
import { faultOf, RecordedAnswers } from './recorded-answers.ts';

/* The network of a replay: sockets and REST answers come from a capture. */

export interface ReplayNetworkOptions {
  readonly scheduler: VirtualScheduler;
  readonly restUrls: (venue: VenueId) => readonly string[];
  /** The venue of a capture that names no connections; otherwise undefined. */
  readonly single: VenueId | undefined;
}

export interface ReplayCounts {
  frames: number;
  answers: number;
  /** Number of REST bodies among the frames of a capture in another format. */
  bodies: number;
  /** Number of frames of connections that the replay opened too late or not at all. */
  missed: number;
}

type ConnectionRow = Exclude<CaptureRow, { kind: 'body' }>;

/** A socket that the feed has opened in the replay. */
interface Attached {
  /** Venue and line. */
  readonly key: string;
  readonly handlers: SocketHandlers;
  recorded: Recorded | undefined;
}

/** A connection of the capture, until the replay no longer needs it. */
interface Recorded {
  readonly name: string;
  readonly key: string;
  opened: boolean;
  socket?: Attached | undefined;
  /** True if it has played to a socket. */
  known: boolean;
  /** Rows that came while it had no socket. */
  waiting: ConnectionRow[];
  endedAt?: number;
}

/** The end of a connection that the recorded feed closed, for a socket that gets the connection only later. */
const CLOSED: CaptureMark = {
  verb: 'ended',
  end: {
    kind: 'failed',
    fault: { kind: 'connection_closed', message: 'closed in the capture', retry: { kind: 'backoff' } },
  },
};
/** Maximum rows kept for a connection that the replay opens later than in the capture. */
const MAX_WAITING = 10_000;
const KEEP_ENDED_MS = 1000;

/**
 * Replaces the network by a capture. Each socket that the feed opens gets the next recorded connection of its venue and
 * line. Each request gets the recorded answer to its path. `take` plays the rows of the capture to both.
 */
export class ReplayNetwork {
  readonly counts: ReplayCounts = { frames: 0, answers: 0, bodies: 0, missed: 0 };
  readonly answers: RecordedAnswers;
  readonly #options: ReplayNetworkOptions;
  readonly #byName = new Map<string, Recorded>();
  /** Recorded connections without a socket, oldest first. */
  #alone = new Set<Recorded>();
  /** Sockets without a recorded connection, in order. */
  readonly #waiting = new Set<Attached>();

  constructor(options: ReplayNetworkOptions) {
    this.#options = options;
    const { scheduler, single } = options;
    this.answers = new RecordedAnswers(scheduler, single !== undefined);
    if (single === undefined) return;
    const recorded = this.#begin('', `${single}:1`);
    recorded.opened = true;
  }

  readonly networks: VenueNetworks = (venue, line): Network => ({
    open: (_url, _options, handlers) => this.#open(`${venue}:${line}`, handlers),
    get: (url, options) => this.answers.get(venue, pathAfter(this.#options.restUrls(venue), url), options),
  });

  /** True while rows are kept for a connection that the replay has closed and is expected to open again. */
  get hasWaiting(): boolean {
    return [...this.#byName.values()].some(({ known, waiting }) => known && waiting.length > 0);
  }

  /** Plays the next row. */
  take(row: CaptureRow): void {
    if (row.kind === 'body') {
      this.counts.bodies++;
      this.answers.takeBody(row);
      return;
    }
    if (row.kind === 'frame') {
      this.counts.frames++;
      this.#play(row);
      return;
    }
    switch (row.mark.verb) {
      case 'answer':
        this.answers.take(row.connection, row.mark.answer);
        this.counts.answers++;
        return;
      case 'connecting':
        this.#attachNext(this.#begin(row.connection, recordedLineOf(row.connection)));
        return;
      case 'clock':
        return;
      default:
        this.#play(row);
    }
  }

  #play(row: ConnectionRow): void {
    let recorded = this.#byName.get(row.connection);
    if (recorded === undefined) {
      // A capture may start in the middle of a connection, or be made by hand.
      if (row.kind === 'mark' && row.mark.verb !== 'connected') return;
      recorded = this.#begin(row.connection, recordedLineOf(row.connection));
      recorded.opened = row.kind === 'frame';
      this.#attachNext(recorded);
    }
    if (recorded.socket === undefined || recorded.waiting.length > 0) this.#wait(recorded, row);
    else this.#emit(recorded, row);
  }

  #begin(name: string, key: string): Recorded {
    const recorded: Recorded = { name, key, opened: false, known: false, waiting: [] };
    const before = this.#byName.get(name);
    if (before !== undefined) this.#end(before);
    this.#byName.set(name, recorded);
    for (const other of this.#alone) if (other.key === key && this.#isLongOver(other)) this.#forget(other);
    this.#alone.add(recorded);
    return recorded;
  }

  #open(key: string, handlers: SocketHandlers): Socket {
    const socket: Attached = { key, handlers, recorded: undefined };
    this.#waiting.add(socket);
    const next = this.#alone.values().find((recorded) => recorded.key === key && !this.#isLongOver(recorded));
    if (next !== undefined) this.#attachNext(next);
    return { send: ignore, ping: ignore, close: () => this.#close(socket) };
  }

  #close(socket: Attached): void {
    this.#waiting.delete(socket);
    const { recorded } = socket;
    socket.recorded = undefined;
    if (recorded === undefined) return;
    recorded.socket = undefined;
    // The recorded connection continues in the capture, so the next socket gets it.
    if (recorded.endedAt === undefined) this.#alone = new Set([recorded, ...this.#alone]);
  }

  /**
   * Gives a recorded connection to the next waiting socket. Its kept rows follow, but never during the call of `open`.
   */
  #attachNext(recorded: Recorded): void {
    const socket = this.#waiting.values().find(({ key }) => key === recorded.key);
    if (socket === undefined) return;
    this.#waiting.delete(socket);
    this.#alone.delete(recorded);
    recorded.socket = socket;
    recorded.known = true;
    socket.recorded = recorded;
    if (!recorded.opened && recorded.waiting.length === 0) return;
    const { waiting } = recorded;
    recorded.waiting = [...(recorded.opened ? [connectedOf(recorded)] : []), ...waiting];
    recorded.opened = false;
    this.#options.scheduler.schedule(() => {
      const late = recorded.waiting;
      recorded.waiting = [];
      for (const row of late) {
        if (recorded.socket === socket) this.#emit(recorded, row);
        else this.#wait(recorded, row);
      }
    });
  }

  #wait(recorded: Recorded, row: ConnectionRow): void {
    if (row.kind === 'frame') {
      if (recorded.waiting.length < MAX_WAITING) recorded.waiting.push(row);
      else this.counts.missed++;
      return;
    }
    const { verb } = row.mark;
    if (verb === 'ended' || verb === 'closed') this.#end(recorded);
    // The replay has closed the connection, as the recorded feed did.
    if (verb === 'closed' && recorded.known && recorded.waiting.length === 0) this.#alone.delete(recorded);
    else recorded.waiting.push(verb === 'closed' ? { ...row, mark: CLOSED } : row);
  }

  #emit(recorded: Recorded, row: ConnectionRow): void {
    const handlers = recorded.socket?.handlers;
    if (handlers === undefined) return;
    if (row.kind === 'frame') {
      const receivedAt = row.at ?? Math.round(this.#options.scheduler.now() * 1000);
      handlers.onFrame({ data: row.frame, binary: row.binary, receivedAt });
      return;
    }
    switch (row.mark.verb) {
      case 'connected':
        recorded.opened = true;
        handlers.onOpen();
        return;
      case 'ping':
        handlers.onPing();
        return;
      case 'pong':
        handlers.onPong();
        return;
      case 'ended':
        this.#end(recorded);
        if (recorded.socket !== undefined) recorded.socket.recorded = undefined;
        recorded.socket = undefined;
        handlers.onEnd(socketEnd(row.mark.end));
        return;
      case 'closed':
        this.#end(recorded);
    }
  }

  #end(recorded: Recorded): void {
    recorded.endedAt ??= this.#options.scheduler.now();
    if (this.#byName.get(recorded.name) === recorded) this.#byName.delete(recorded.name);
  }

  #isLongOver(recorded: Recorded): boolean {
    if (recorded.endedAt === undefined) return false;
    return this.#options.scheduler.now() - recorded.endedAt > KEEP_ENDED_MS;
  }

  #forget(recorded: Recorded): void {
    this.#alone.delete(recorded);
    this.counts.missed += recorded.waiting.filter(({ kind }) => kind === 'frame').length;
    recorded.waiting = [];
  }
}

/**
 * Returns the venue and line of a connection: `binance:1` for `binance:1.2`. A connection without a number is a first
 * line.
 */
function recordedLineOf(connection: string): string {
  const [, key] = /^([^:]*:\d+)(?:\.\d+)?$/.exec(connection) ?? [];
  return key ?? `${connection}:1`;
}

function connectedOf({ name }: Recorded): ConnectionRow {
  return { kind: 'mark', at: undefined, connection: name, mark: { verb: 'connected' } };
}

function socketEnd(end: CapturedEnd): SocketEnd {
  return end.kind === 'refused' ? end : { ...end, fault: faultOf(end.fault) };
}

function ignore(): void {}
