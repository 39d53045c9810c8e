import type { CaptureFormat } from '../capture/capture-row.ts';
import type { VenueId } from '../domain/instrument.ts';

export interface CaptureOptions {
  /** Capture files, played one after the other. */
  readonly files: readonly string[];
  /** Format of the files; by default recognised by the first row. */
  readonly format?: CaptureFormat | undefined;
  /** The frames' venue, if the files do not name it. */
  readonly venue?: VenueId | undefined;
  /** `max`: as fast as possible. `1`: at the recorded pace. */
  readonly speed?: 'max' | '1' | undefined;
  /** A connection's playback begins after this long without a new subscription, milliseconds; 300 by default. */
  readonly settleMs?: number | undefined;
}

export interface SimulatorOptions {
  /** Port to listen on; 0, the default, takes any free port. */
  readonly port?: number | undefined;
  /** Address to listen on; 127.0.0.1 by default. */
  readonly host?: string | undefined;
  /** The same seed (and rate and symbols) gives the same trades; 1 by default. */
  readonly seed?: number | undefined;
  /** Trades a second of each venue, all symbols together, or venue by venue; 100 by default. */
  readonly rate?: number | Partial<Readonly<Record<VenueId, number>>> | undefined;
  /** Coins traded, 1–2000; 20 by default. */
  readonly symbols?: number | undefined;
  /** Deviation of the difference between a venue's price and the fair price, basis points; 0 by default. */
  readonly basisNoiseBps?: number | undefined;
  /** File for all events, one JSON object a row. */
  readonly journal?: string | undefined;
  /** Captures to serve instead of a market. Venues that are not in a capture are not served. */
  readonly capture?: CaptureOptions | undefined;
  /** Binance's server pings: by default every 20 s, to be answered within a minute (Binance US: 3 min and 10 min). */
  readonly ping?: { readonly everyMs: number; readonly answerWithinMs: number } | undefined;
  /** Milliseconds after which Binance closes a connection; 24 hours by default. */
  readonly lifetimeMs?: number | undefined;
  /** False allows any number of connection attempts; the other limits stay. True by default. */
  readonly connectionLimit?: boolean | undefined;
  /** Request weight that each of Binance's venues allows in a minute; by default as the real venue. */
  readonly restWeightPerMinute?: number | undefined;
  /** Number of latest trades of each symbol that REST can return; by default 16,384, fewer with many coins. */
  readonly keptTrades?: number | undefined;
  /** True offers permessage-deflate; false by default. */
  readonly compression?: boolean | undefined;
}
