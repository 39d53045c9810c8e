import type { CaptureFormat } from '../capture/capture-line.ts';
import type { VenueId } from '../domain/instrument.ts';
import type { FeedOutput } from '../feed/feed-event.ts';
import type { Logger } from '../telemetry/log.ts';
import type { ReplayCounts } from './replay-network.ts';

export interface ReplayOptions {
  readonly file: string;
  readonly format: CaptureFormat;
  /** Whose frames they are; for formats that do not say. */
  readonly venue?: VenueId;
  readonly speed: 'max' | '1';
  readonly log: Logger;
  /** Ends the replay where it stands. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: ReplayProgress) => void;
  /** Sees everything that the feed puts out. */
  readonly onOutput?: (output: FeedOutput) => void;
}

export interface ReplayProgress {
  /** Bytes of the file read so far. */
  readonly bytes: number;
  readonly lines: number;
  /** Time of the recording since its beginning, milliseconds. */
  readonly elapsedMs: number;
}

export interface ReplayResult extends ReplayCounts, ReplayProgress {
  /** When the recording begins and ends, milliseconds since 1970. */
  readonly from: number;
  readonly to: number;
  readonly malformed: number;
  /** Frames that nobody asked for, by reason: `unknown_symbol` where the configuration does not have it. */
  readonly ignored: Readonly<Record<string, number>>;
  /** Records by topic, before price ticks replaced each other. */
  readonly records: Readonly<Record<string, number>>;
  readonly undelivered: number;
  /** What ended the reading before the end of the file; all that came before it was replayed. */
  readonly error: Error | undefined;
}
