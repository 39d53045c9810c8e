import type { SchedulerLike } from 'rxjs';
import { type Config, environmentPrefixes } from '../config/config.ts';
import type { Fault } from '../domain/fault.ts';
import type { Latencies } from '../feed/latency/latencies.ts';
import { type SinkSettings, sinks as sinkRegistry } from '../sinks/registry.ts';
import type { SpillDisk } from '../sinks/spill/spill-disk.ts';
import type { Logger } from '../telemetry/log.ts';
import { checkpointOptions, SinkPipeline } from './sink-pipeline.ts';
import { SinkPipelines } from './sink-pipelines.ts';

/* Makes the sinks of a configuration; they are not open yet. */

export interface SinkDependencies {
  readonly log: Logger;
  readonly scheduler: SchedulerLike;
  readonly wallClockMs: () => number;
  readonly latencies: Latencies;
  /** Test doubles for the sinks and the spill folder. */
  readonly sinks?: Partial<typeof sinkRegistry>;
  readonly spillDisk?: (sink: string) => SpillDisk;
  /** Returns whether this pipeline serves the symbol. Default: it serves all. */
  readonly isOwn: ((symbol: string) => boolean) | undefined;
  /** The sinks' share of the memory for waiting records: above 0, at most 1. */
  readonly bufferShare: number;
  /** The sinks wait for this before they fence the previous writer. */
  readonly beforeFence: () => Promise<unknown>;
  /** Called when a sink failed for good. */
  readonly onFailed: (fault: Fault) => void;
}

export async function buildSinks(config: Config, dependencies: SinkDependencies): Promise<SinkPipelines> {
  const { log, scheduler, wallClockMs, latencies, spillDisk } = dependencies;
  const { isOwn, bufferShare, beforeFence, onFailed } = dependencies;
  const settings: SinkSettings = {
    kafka: config.kafka,
    file: { ...config.file, waitsForFolder: true },
    parquet: { ...config.parquet, waitsForFolder: true },
    environmentPrefixes: environmentPrefixes(config),
    beforeFence,
    // In a cluster, the previous owner publishes until the fence, so less should be read after it.
    checkpointsAhead: isOwn && checkpointOptions(config, isOwn),
    log: (level, message, details) => log[level]({ event: 'sink', ...details }, message),
    now: () => scheduler.now(),
    wallClockMs,
  };
  const makers = { ...sinkRegistry, ...dependencies.sinks };
  const made = await Promise.all(config.sinks.map((name) => makers[name](settings)));
  const pipelines = made.map(
    (sink) =>
      new SinkPipeline(sink, {
        scheduler,
        config,
        log,
        spillDisk: spillDisk?.(sink.name),
        latency: latencies.sink(sink.name),
        isOwn,
        bufferShare,
        onFailed,
      }),
  );
  return new SinkPipelines(pipelines, config);
}
