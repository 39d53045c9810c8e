import { setTimeout as delay } from 'node:timers/promises';
import { type CaptureFormat, venueTime } from '../../capture/capture-row.ts';
import { detectFormat, readCapture } from '../../capture/read-capture.ts';
import { getOrCreate } from '../../domain/get-or-create.ts';
import type { VenueId } from '../../domain/instrument.ts';
import type { Connection } from '../connection.ts';
import { type Journal, tradeEvent } from '../journal.ts';
import type { TradeTexts } from '../market/simulated-instrument.ts';
import type { CaptureOptions } from '../simulator-options.ts';
import { type DataFrame, dataFrame, guessVenue, isDepthBody, tradesOf } from './capture-frame.ts';

const QUOTES = /^(.+?)(USDT|USDC|FDUSD|BUSD|TUSD|USDE|DAI|USD|EUR|GBP|TRY|BRL|BTC|ETH|BNB)$/;
const SETTLE_MS = 300;
const MAX_RECENT_TRADES = 1_000_000;
/** The playback pauses while more bytes than this wait in a socket. */
const MAX_WAITING_BYTES = 1_048_576;
/** Number of recorded frames between two writes to the socket. */
const FRAMES_A_WRITE = 200;
/** A longer pause between two files is skipped. */
const MAX_FILE_PAUSE_MS = 60_000;

interface CaptureSource extends CaptureOptions {
  readonly format: CaptureFormat;
  readonly settleMs: number;
}

/** One recorded message of a venue; its frame is text in latin1, so a character is a byte. */
interface RecordedMessage {
  /** When it was received, milliseconds since 1970 with a fraction; undefined: unknown. */
  readonly at: number | undefined;
  /** Name of the recorded connection; empty if there is only one. */
  readonly connection: string;
  readonly frame: string;
}

/** A data frame of the venue; `index` is the number of its message in the whole capture, from 0. */
interface PlayedFrame {
  readonly index: number;
  readonly at: number | undefined;
  /** Index of its file. */
  readonly file: number;
  readonly frame: DataFrame;
}

/**
 * Plays one venue's part of a capture. Every connection gets its subscribed topics from the start. REST returns the
 * trades that the most advanced connection has passed. If several recorded connections carry a topic, the one with the
 * most frames of that topic is played.
 */
export class CapturePlayback {
  readonly venue: VenueId;
  readonly symbols = new Set<string>();
  private readonly source: CaptureSource;
  /** Trades by stream or topic, as far as the most advanced connection has played. */
  private readonly trades = new Map<string, TradeTexts[]>();
  private readonly depthBodies = new Map<string, string>();
  /** Topic → recorded connection → number of the topic's frames on it. */
  private readonly frameCounts = new Map<string, Map<string, number>>();
  /** Topic → the recorded connection that is played. */
  private readonly chosen = new Map<string, string>();
  /** The timers that start the playback for a connection. */
  private readonly timers = new WeakMap<Connection, NodeJS.Timeout>();
  private readonly playing = new WeakSet<Connection>();
  /** The index of the last frame that the most advanced connection has played. */
  private reachedIndex = -1;

  constructor(venue: VenueId, source: CaptureSource) {
    this.venue = venue;
    this.source = source;
  }

  /** Adds a message while the capture is read for the first time. */
  addMessage(message: RecordedMessage): void {
    if (isDepthBody(this.venue, message.frame)) {
      const [first = ''] = this.symbols;
      const symbol = this.symbols.size === 1 ? first : '';
      if (!this.depthBodies.has(symbol)) this.depthBodies.set(symbol, message.frame);
      return;
    }
    const frame = dataFrame(this.venue, message.frame);
    if (frame === undefined) return;
    if (frame.symbol !== '') this.symbols.add(frame.symbol);
    const { connection } = message;
    const counts = getOrCreate(this.frameCounts, frame.topic, () => new Map<string, number>());
    const count = (counts.get(connection) ?? 0) + 1;
    counts.set(connection, count);
    const best = this.chosen.get(frame.topic);
    if (best === undefined || count > (counts.get(best) ?? 0)) this.chosen.set(frame.topic, connection);
  }

  /** Call it when a connection subscribes. Its playback starts when no more subscriptions follow. */
  subscribed(connection: Connection, journal: Journal | undefined): void {
    if (this.playing.has(connection)) return;
    clearTimeout(this.timers.get(connection));
    const timer = setTimeout(() => {
      this.playing.add(connection);
      this.play(connection, journal).catch(() => connection.close(1011, 'capture cannot be read'));
    }, this.source.settleMs);
    this.timers.set(connection, timer);
  }

  /** Splits a symbol into base and quote asset by the usual quote assets. */
  assets(symbol: string): [base: string, quote: string] | undefined {
    const [, base, quote] = QUOTES.exec(symbol) ?? [];
    return base === undefined || quote === undefined ? undefined : [base, quote];
  }

  depthBody(symbol: string): string | undefined {
    return this.depthBodies.get(symbol) ?? (this.symbols.size === 1 ? this.depthBodies.get('') : undefined);
  }

  /** Trades of a stream or topic, oldest first: from `fromId` on, or else the latest. */
  tradesOf(topic: string, fromId: number | undefined, limit: number): readonly TradeTexts[] {
    const all = this.trades.get(topic) ?? [];
    if (fromId === undefined) return all.slice(-limit);
    const from = all.findIndex(({ id }) => Number(id) >= fromId);
    return from === -1 ? [] : all.slice(from, from + limit);
  }

  /** Plays the capture while the connection is open, with only a few frames in memory. */
  private async play(connection: Connection, journal: Journal | undefined): Promise<void> {
    const { ws, socket } = connection;
    const isOver = () => ws.readyState !== ws.OPEN;
    const keepPace = this.source.speed === '1' ? pacer(connection) : undefined;
    let queued = 0;
    for await (const played of this.frames()) {
      if (isOver()) return;
      await keepPace?.(played);
      const trades = tradesOf(this.venue, played.frame);
      this.reached(played, trades);
      const topic = connection.topics.get(played.frame.topic);
      if (topic !== undefined) {
        const sent = topic.publishTo(connection, played.frame.data) ? `[${connection.number}]` : '[]';
        const { symbol } = played.frame;
        for (const trade of trades)
          journal?.event({ venue: this.venue, symbol, kind: topic.kind, ...tradeEvent(trade), sent });
      }
      if (++queued % FRAMES_A_WRITE > 0) continue;
      connection.flush(0);
      while (!isOver() && socket.writableLength > MAX_WAITING_BYTES) await delay(2);
    }
    connection.flush(0);
  }

  /** The venue's data frames that are played, in order, from the start. */
  private async *frames(): AsyncGenerator<PlayedFrame> {
    let index = -1;
    for (const [file, path] of this.source.files.entries()) {
      for await (const message of recordedMessages(path, this.source.format)) {
        index++;
        if (venueOf(message, this.source.venue) !== this.venue) continue;
        const frame = dataFrame(this.venue, message.frame);
        if (frame === undefined || this.chosen.get(frame.topic) !== message.connection) continue;
        yield { index, at: message.at, file, frame };
      }
    }
  }

  private reached({ index, frame }: PlayedFrame, trades: readonly TradeTexts[]): void {
    if (index <= this.reachedIndex) return;
    this.reachedIndex = index;
    if (trades.length === 0) return;
    const all = getOrCreate(this.trades, frame.topic, () => []);
    if (all.length < MAX_RECENT_TRADES) all.push(...trades);
  }
}

/**
 * Reads captures once to find their venues, symbols and topics. Returns a playback for each venue.
 * @throws Error if a file cannot be read or has no frame
 */
export async function openCaptures(options: CaptureOptions): Promise<ReadonlyMap<VenueId, CapturePlayback>> {
  const { files, venue } = options;
  const [first] = files;
  if (first === undefined) throw new Error('no capture file is named');
  const source: CaptureSource = {
    ...options,
    format: options.format ?? (await detectFormat(first)),
    settleMs: options.settleMs ?? SETTLE_MS,
  };
  const playbacks = new Map<VenueId, CapturePlayback>();
  for (const file of files) {
    for await (const message of recordedMessages(file, source.format)) {
      const id = venueOf(message, venue);
      getOrCreate(playbacks, id, () => new CapturePlayback(id, source)).addMessage(message);
    }
  }
  for (const [id, { symbols }] of playbacks) if (symbols.size === 0) playbacks.delete(id);
  if (playbacks.size === 0) throw new Error(`${files.join(', ')}: no data frame found (format ${source.format})`);
  return playbacks;
}

/** Returns a function that waits until a frame is due at the recorded pace. */
function pacer(connection: Connection): (played: PlayedFrame) => Promise<void> {
  const startedAt = performance.now();
  let firstAt: number | undefined;
  let lastAt = 0;
  let lastFile = 0;
  return async ({ at, file, frame }) => {
    const time = at ?? venueTime(frame.data) ?? lastAt;
    firstAt ??= time;
    if (file !== lastFile && time - lastAt > MAX_FILE_PAUSE_MS) firstAt += time - lastAt;
    lastFile = file;
    lastAt = time;
    const ahead = time - firstAt - (performance.now() - startedAt);
    if (ahead <= 1) return;
    connection.flush(0);
    await delay(ahead);
  };
}

/** Yields the messages of a file that can be served: JSON frames and depth bodies. @throws Error that names the file */
async function* recordedMessages(file: string, format: CaptureFormat): AsyncGenerator<RecordedMessage> {
  for await (const row of readCapture(file, format)) {
    // Connections named `VENUE:0` carry only announcements.
    if (row.kind === 'mark' || row.connection.endsWith(':0')) continue;
    const frame = row.kind === 'body' ? row.body : row.frame.toString('latin1');
    const { at, connection } = row;
    if (frame.startsWith('{') || frame.startsWith('['))
      yield { at: at === undefined ? undefined : at / 1000, connection, frame };
  }
}

/** The venue of a message: named by its connection or the options, or guessed from the frame. */
function venueOf({ connection, frame }: RecordedMessage, otherwise: VenueId | undefined): VenueId {
  const named = (['binance_testnet', 'binance_us', 'binance', 'bybit'] as const).find((id) => connection.includes(id));
  return named ?? otherwise ?? guessVenue(frame);
}
