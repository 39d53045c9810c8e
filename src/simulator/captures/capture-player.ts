import { setTimeout as delay } from 'node:timers/promises';
import { venueTime } from '../../capture/capture-line.ts';
import type { VenueId } from '../../domain/instrument.ts';
import type { Connection, ListenedTopic } from '../connection.ts';
import type { Journal } from '../journal.ts';
import { type DataFrame, tradesOf } from './capture-frame.ts';

/** Bytes that may wait in a socket, and frames between two looks at it. */
const MAX_WAITING_BYTES = 1_048_576;
const FRAMES_A_WRITE = 200;
/** A pause between two files longer than this is left out, milliseconds. */
const LONGEST_PAUSE_BETWEEN_FILES = 60_000;

/** A message of the venue in a recording, with its place in it. */
export interface PlayedFrame {
  readonly place: number;
  /** When it was received, milliseconds since 1970; undefined where the recording does not say. */
  readonly at: number | undefined;
  /** Rises with each file. */
  readonly file: number;
  readonly frame: DataFrame;
}

export interface PlayedSession {
  readonly venue: VenueId;
  /** The data frames in order, from the start. */
  frames(): AsyncIterable<PlayedFrame>;
  /** A player has come to this frame. */
  reached(played: PlayedFrame): void;
}

export interface PlayerOptions {
  readonly speed: 'max' | '1';
  readonly settleMs: number;
}

/** Plays a recorded session to one connection, at its pace or as fast as the client reads. Holds no more of it than a few frames. */
export class CapturePlayer {
  private readonly session: PlayedSession;
  private readonly connection: Connection;
  private readonly options: PlayerOptions;
  private readonly journal: Journal | undefined;
  private timer: NodeJS.Timeout | undefined;
  private playing = false;
  private stopped = false;
  private startedAt = 0;
  private firstAt = 0;
  private lastAt = 0;
  private lastFile = -1;

  constructor(session: PlayedSession, connection: Connection, options: PlayerOptions, journal: Journal | undefined) {
    this.session = session;
    this.connection = connection;
    this.options = options;
    this.journal = journal;
  }

  /** A subscription came: playing begins when none has followed for a while. */
  expect(): void {
    if (this.playing || this.stopped) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.playing = true;
      this.play().catch(() => this.connection.close(1011, 'recording cannot be read'));
    }, this.options.settleMs);
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  private async play(): Promise<void> {
    const { session, connection } = this;
    this.startedAt = performance.now();
    let queued = 0;
    for await (const played of session.frames()) {
      if (this.stopped) return;
      if (this.options.speed === '1') await this.keepPace(played);
      session.reached(played);
      const topic = connection.topics.get(played.frame.topic);
      if (topic !== undefined) this.send(topic, played);
      if (++queued % FRAMES_A_WRITE === 0) await this.writeOut();
    }
    connection.flush(0);
  }

  private send(topic: ListenedTopic, { frame }: PlayedFrame): void {
    const { session, connection, journal } = this;
    const reached = topic.publishTo(connection, frame.data);
    if (journal === undefined) return;
    const sent = reached ? `[${connection.number}]` : '[]';
    for (const { id, price, quantity, sell, time } of tradesOf(session.venue, frame))
      journal.event({
        venue: session.venue,
        symbol: frame.symbol,
        kind: topic.kind,
        id,
        price,
        quantity,
        side: sell ? 'sell' : 'buy',
        time,
        sent,
      });
  }

  private async writeOut(): Promise<void> {
    this.connection.flush(0);
    while (!this.stopped && this.connection.socket.writableLength > MAX_WAITING_BYTES) await delay(2);
  }

  private async keepPace({ at, file, frame }: PlayedFrame): Promise<void> {
    const time = at ?? venueTime(frame.data) ?? this.lastAt;
    if (this.lastFile === -1) this.firstAt = time;
    else if (file !== this.lastFile && time - this.lastAt > LONGEST_PAUSE_BETWEEN_FILES)
      this.firstAt += time - this.lastAt;
    this.lastFile = file;
    this.lastAt = time;
    const ahead = time - this.firstAt - (performance.now() - this.startedAt);
    if (ahead > 1) {
      this.connection.flush(0);
      await delay(ahead);
    }
  }
}
