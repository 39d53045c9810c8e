import type { CaptureFormat } from '../../capture/capture-line.ts';
import type { VenueId } from '../../domain/instrument.ts';
import type { Connection } from '../connection.ts';
import type { Journal } from '../journal.ts';
import type { TradeTexts } from '../market/listing.ts';
import { dataFrame, guessVenue, isDepthBody, tradesOf } from './capture-frame.ts';
import { CapturePlayer, type PlayedFrame, type PlayedSession } from './capture-player.ts';
import { type RecordedMessage, recordedMessages } from './recorded-messages.ts';

const QUOTES = [
  'USDT',
  'USDC',
  'FDUSD',
  'BUSD',
  'TUSD',
  'USDE',
  'DAI',
  'USD',
  'EUR',
  'GBP',
  'TRY',
  'BRL',
  'BTC',
  'ETH',
  'BNB',
];
const MAX_RECENT_TRADES = 1_000_000;

export interface CaptureSource {
  readonly files: readonly string[];
  readonly format: CaptureFormat;
  /** Whose frames they are where a line does not say. */
  readonly venue: VenueId | undefined;
  readonly speed: 'max' | '1';
  readonly settleMs: number;
}

/**
 * What one venue sent in a recorded session. Every connection gets it from the start, filtered to what it subscribed to;
 * REST shows the trades up to where the foremost connection is.
 * Where several recorded connections carried the same topic, the one with most of its frames is played.
 */
export class CaptureSession implements PlayedSession {
  readonly venue: VenueId;
  readonly symbols = new Set<string>();
  private readonly source: CaptureSource;
  /** Of each stream or topic, up to where the foremost connection is. */
  private readonly trades = new Map<string, TradeTexts[]>();
  private readonly depthBodies = new Map<string, string>();
  private readonly carriers = new Map<string, Map<string, number>>();
  private readonly chosen = new Map<string, string>();
  private readonly players = new Map<Connection, CapturePlayer>();
  private foremost = -1;

  constructor(venue: VenueId, source: CaptureSource) {
    this.venue = venue;
    this.source = source;
  }

  /** Takes note of a line while the recording is read for the first time. */
  note(line: RecordedMessage): void {
    if (isDepthBody(this.venue, line.frame)) {
      const [first = ''] = this.symbols;
      const symbol = this.symbols.size === 1 ? first : '';
      if (!this.depthBodies.has(symbol)) this.depthBodies.set(symbol, line.frame);
      return;
    }
    const frame = dataFrame(this.venue, line.frame);
    if (frame === undefined) return;
    if (frame.symbol !== '') this.symbols.add(frame.symbol);
    const counts = this.carriers.get(frame.topic) ?? new Map<string, number>();
    this.carriers.set(frame.topic, counts.set(line.connection, (counts.get(line.connection) ?? 0) + 1));
    const best = this.chosen.get(frame.topic);
    if (best === undefined || (counts.get(line.connection) ?? 0) > (counts.get(best) ?? 0))
      this.chosen.set(frame.topic, line.connection);
  }

  /** The venue's data frames in order, from the start. */
  async *frames(): AsyncGenerator<PlayedFrame> {
    let place = -1;
    for (const [file, path] of this.source.files.entries()) {
      for await (const line of recordedMessages(path, this.source.format)) {
        place++;
        if (venueOfLine(line, this.source.venue) !== this.venue) continue;
        const frame = dataFrame(this.venue, line.frame);
        if (frame === undefined || this.chosen.get(frame.topic) !== line.connection) continue;
        yield { place, at: line.at, file, frame };
      }
    }
  }

  /** A connection subscribed: its session begins once no more subscriptions follow. */
  subscribed(connection: Connection, journal: Journal | undefined): void {
    let player = this.players.get(connection);
    if (player === undefined) {
      player = new CapturePlayer(this, connection, this.source, journal);
      this.players.set(connection, player);
      connection.ws.on('close', () => {
        player?.stop();
        this.players.delete(connection);
      });
    }
    player.expect();
  }

  reached({ place, frame }: PlayedFrame): void {
    if (place <= this.foremost) return;
    this.foremost = place;
    const trades = tradesOf(this.venue, frame);
    if (trades.length === 0) return;
    const all = this.trades.get(frame.topic) ?? [];
    this.trades.set(frame.topic, all);
    if (all.length < MAX_RECENT_TRADES) all.push(...trades);
  }

  /** Stops every player. */
  close(): void {
    for (const player of this.players.values()) player.stop();
  }

  /** Base and quote asset, told by the usual quotes. */
  assets(symbol: string): [base: string, quote: string] | undefined {
    const quote = QUOTES.find((name) => symbol.endsWith(name) && symbol.length > name.length);
    return quote === undefined ? undefined : [symbol.slice(0, -quote.length), quote];
  }

  depthBody(symbol: string): string | undefined {
    return this.depthBodies.get(symbol) ?? (this.symbols.size === 1 ? this.depthBodies.get('') : undefined);
  }

  /** Trades of a stream or topic, oldest first: from `fromId`, else the latest. */
  tradesOf(topic: string, fromId: number | undefined, limit: number): readonly TradeTexts[] {
    const all = this.trades.get(topic) ?? [];
    if (fromId === undefined) return all.slice(-limit);
    const from = all.findIndex(({ id }) => Number(id) >= fromId);
    return from === -1 ? [] : all.slice(from, from + limit);
  }
}

/** Whose frame a line is: named by its connection, by the recording, or told by how it looks. */
export function venueOfLine({ connection, frame }: RecordedMessage, otherwise: VenueId | undefined): VenueId {
  if (connection !== '') {
    for (const id of ['binance_testnet', 'binance_us', 'binance', 'bybit'] as const)
      if (connection.includes(id)) return id;
  }
  return otherwise ?? guessVenue(frame);
}
