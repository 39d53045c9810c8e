import { type CaptureFormat, venueTime } from '../capture/capture-row.ts';
import { type CaptureRow, captureHeader, readCapture } from '../capture/read-capture.ts';
import type { Config } from '../config/config.ts';
import type { VenueId } from '../domain/instrument.ts';
import type { ReplayOptions, ReplayResult } from './replay-result.ts';
import { ReplayRun } from './replay-run.ts';

/** A gap in a capture in another format looks like a dead connection, so the feed reconnects fast. */
const FOREIGN_RECONNECT = { initialDelayMs: 100, maxDelayMs: 1000, maxAttempts: 1_000_000, probeEveryMs: 1000 };

/**
 * Returns the configuration of a replay. Its environment is `replay`, and a capture in another format has one venue
 * with one line.
 */
export function replayConfig(config: Config, venue: VenueId | undefined): Config {
  const replay: Config = { ...config, environment: 'replay' };
  if (venue === undefined) return replay;
  return {
    ...replay,
    feed: { ...config.feed, venues: [venue], backfill: false },
    venues: {
      ...config.venues,
      [venue]: { ...config.venues[venue], enabled: true, lines: 1, reconnect: FOREIGN_RECONNECT },
    },
  };
}

/**
 * Plays a capture through the pipeline, in the capture's time. `config` comes from `replayConfig`.
 * @throws Error if the file cannot be read at all, or a sink cannot be opened
 */
export async function replay(config: Config, options: ReplayOptions): Promise<ReplayResult> {
  const { file, format } = options;
  const header = format === 'market-feed' ? await captureHeader(file) : undefined;
  const single = format === 'market-feed' ? undefined : options.venue;
  const first = await firstRow(file, format);
  const started = header?.started_ns === undefined ? undefined : Number(header.started_ns.slice(0, -6));
  const run = new ReplayRun(config, options, single, started ?? timeOf(first) ?? 0, header?.seed);
  return await run.play();
}

async function firstRow(file: string, format: CaptureFormat): Promise<CaptureRow> {
  for await (const row of readCapture(file, format, { strict: true })) return row;
  throw new Error(`${file}: empty, there is nothing to replay`);
}

/** Returns the time of a row, milliseconds since 1970. */
function timeOf(row: CaptureRow): number | undefined {
  if (row.at !== undefined) return row.at / 1000;
  return row.kind === 'frame' ? venueTime(row.frame.toString('latin1')) : undefined;
}
