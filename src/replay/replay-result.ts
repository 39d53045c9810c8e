import type { CaptureFormat } from '../capture/capture-row.ts';
import type { VenueId } from '../domain/instrument.ts';
import type { FeedOutput } from '../feed/feed-event.ts';
import type { Logger } from '../telemetry/log.ts';
import type { ReplayCounts } from './replay-network.ts';

export interface ReplayOptions {
  readonly file: string;
  readonly format: CaptureFormat;
  /** The frames' venue, for formats that do not name it. */
  readonly venue?: VenueId;
  readonly speed: 'max' | '1';
  readonly log: Logger;
  /** Ends the replay at once. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: ReplayProgress) => void;
  /** Called with the feed's whole output. */
  readonly onOutput?: (output: FeedOutput) => void;
}

export interface ReplayProgress {
  /** Bytes of the file read so far. */
  readonly bytes: number;
  readonly rows: number;
  /** Time since the start of the capture, milliseconds. */
  readonly elapsedMs: number;
}

/** Counts and times of a replay, for the command's report. Most counts have the same names in the report's JSON. */
export interface ReplayResult extends ReplayCounts, ReplayProgress {
  /** When the capture starts and ends, milliseconds since 1970. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Number of malformed frames. */
  readonly malformed: number;
  /** Ignored frames by reason: `unknown_symbol` if the configuration does not have the symbol. */
  readonly ignored: Readonly<Record<string, number>>;
  /** Records by topic, before the conflation of price ticks. */
  readonly records: Readonly<Record<string, number>>;
  /** Records that were not delivered, summed over the sinks. */
  readonly undelivered: number;
  /** The error that ended the reading before the end of the file. Everything before it was replayed. */
  readonly error: Error | undefined;
}
