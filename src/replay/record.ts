import { randomUUID } from 'node:crypto';
import { CaptureWriter } from '../capture/capture-writer.ts';
import type { Config } from '../config/config.ts';
import type { VenueId } from '../domain/instrument.ts';
import { monotonicScheduler } from '../net/monotonic-scheduler.ts';
import type { VenueNetworks } from '../net/network.ts';
import { wallClock } from '../net/wall-clock.ts';
import { buildFeed } from '../runtime/build-feed.ts';
import type { RunningFeed } from '../runtime/running-feed.ts';
import { statusLogger } from '../runtime/status-logger.ts';
import { seededRandom } from '../simulator/market/random.ts';
import type { Logger } from '../telemetry/log.ts';
import { capturedConfig } from './captured-config.ts';
import { recordNetworks } from './record-network.ts';

/** An open capture file, with the networks and the random numbers for the feed that it records. */
export interface CaptureFile {
  readonly networks: VenueNetworks;
  readonly random: () => number;
  readonly written: Pick<CaptureWriter, 'rows' | 'frames' | 'bytes'>;
  /** @throws the error that made the capture incomplete */
  close(): Promise<void>;
}

const FLUSH_EVERY_MS = 1000;

/**
 * Creates a capture of a feed with this configuration. `onFailed` is called once if the capture fails.
 * @throws the system's error if the file cannot be created
 */
export async function createCapture(
  path: string,
  config: Config,
  onFailed: (error: Error) => void = () => {},
): Promise<CaptureFile> {
  const scheduler = monotonicScheduler;
  const clock = wallClock();
  const startedMicros = clock();
  const seed = startedMicros % 2 ** 32;
  const capture = await CaptureWriter.create(path, { startedMicros, seed, config: capturedConfig(config), onFailed });
  const restUrls = (venue: VenueId) => config.venues[venue].restUrls;
  const flushing = scheduler.schedule(function again(this): void {
    capture.flush();
    this.schedule(undefined, FLUSH_EVERY_MS);
  }, FLUSH_EVERY_MS);
  return {
    networks: recordNetworks({ capture, clock, now: () => scheduler.now(), restUrls }),
    random: seededRandom(seed),
    written: capture,
    close() {
      flushing.unsubscribe();
      return capture.close();
    },
  };
}

/** A feed without sinks that is recorded in a capture. */
export interface Recording {
  readonly feed: RunningFeed;
  readonly capture: CaptureFile;
  /** Closes the connections and the file. @throws the error that made the capture incomplete */
  stop(reason: string): Promise<void>;
}

export async function startRecording(
  path: string,
  config: Config,
  { log, onFailed }: { readonly log: Logger; readonly onFailed: (error: Error) => void },
): Promise<Recording> {
  const capture = await createCapture(path, config, onFailed);
  const feed = buildFeed(config, {
    scheduler: monotonicScheduler,
    wallClockMs: Date.now,
    instance: randomUUID(),
    networks: capture.networks,
    random: capture.random,
  });
  const logStatus = statusLogger(log, feed);
  feed.output$.subscribe(({ records }) => {
    for (const record of records) if (record.kind === 'status') logStatus(record);
  });
  feed.start();
  return {
    feed,
    capture,
    async stop(reason) {
      feed.stop(reason);
      await capture.close();
    },
  };
}
