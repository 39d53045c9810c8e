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
  /** Milliseconds without a new subscription after which a connection's session begins; 300. */
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
  /** NDJSON file for all events. */
  readonly journal?: string | undefined;
  /** Recorded sessions instead of a market; other venues are not served then. */
  readonly capture?: CaptureOptions | undefined;
  /** Binance's server ping: by default every 20 s (US: 3 min), answered within a minute (US: 10 min). */
  readonly ping?: { readonly everyMs: number; readonly answerWithinMs: number } | undefined;
  /** Milliseconds after which Binance closes a connection; 24 hours. */
  readonly lifetimeMs?: number | undefined;
  /** False: any number of connection attempts. The other limits stay. */
  readonly connectionLimit?: boolean | undefined;
  /** True: permessage-deflate is offered. */
  readonly compression?: boolean | undefined;
}
