import type { SchedulerLike } from 'rxjs';
import { environmentPrefix } from '../../codec/environment-topics.ts';
import { type Config, environmentPrefixes } from '../../config/config.ts';
import type { Gap } from '../../domain/record.ts';
import type { HealingEvent } from '../../healing/healer.ts';
import { pauseFor } from '../../net/aborted.ts';
import type { Sink, SinkArchive } from '../../sinks/contract.ts';
import { sinks as registry } from '../../sinks/registry.ts';
import type { Logger } from '../../telemetry/log.ts';
import { VenueAccess } from '../venue-access.ts';
import { newHealer } from './new-healer.ts';

export interface HealOnce {
  readonly scheduler: SchedulerLike;
  readonly wallClockMs: () => number;
  readonly signal: AbortSignal;
  readonly log: Logger;
  /** Gaps that arrived before this time are left alone, milliseconds since 1970. */
  readonly sinceMs: number;
  /** The symbols whose gaps are healed; all by default. */
  readonly isOwn?: ((symbol: string) => boolean) | undefined;
  /** True: the open gaps are only returned. */
  readonly dryRun: boolean;
  readonly onEvent: (event: HealingEvent, sink: string) => void;
}

/** A run writes to the same sink, so it heals the gaps itself. */
export class RunHeals extends Error {
  override readonly name = 'RunHeals';
}

/** A run publishes a heartbeat every second, so a longer silence shows that there is none. */
const LISTEN_MS = 2500;
/** Heartbeats that arrived earlier are not read, milliseconds. */
const HEARTBEATS_MS = 60_000;

/**
 * Heals the open gaps of all sinks once. Returns the gaps that were open, by sink. Rejects with RunHeals or FolderInUse if
 * a run writes to a sink.
 */
export async function healOnce(config: Config, options: HealOnce): Promise<ReadonlyMap<string, readonly Gap[]>> {
  const { scheduler, wallClockMs, log } = options;
  const settings = {
    kafka: config.kafka,
    file: config.file,
    parquet: config.parquet,
    environmentPrefixes: environmentPrefixes(config),
    log: (level: 'debug' | 'info' | 'warn' | 'error', message: string, details?: object) =>
      log[level]({ event: 'sink', ...details }, message),
    now: () => scheduler.now(),
    wallClockMs,
  };
  const found = new Map<string, readonly Gap[]>();
  // The sinks share the venues' request budgets.
  const access = new VenueAccess(config, { scheduler });
  const ended = await Promise.allSettled(
    config.sinks.map(async (name) => {
      const sink = await registry[name](settings);
      const archive = sink.archive?.();
      if (archive !== undefined) found.set(name, await healSink(sink, archive, config, { ...options, access }));
    }),
  );
  for (const one of ended) if (one.status === 'rejected') throw one.reason;
  return found;
}

async function healSink(
  sink: Sink,
  archive: SinkArchive,
  config: Config,
  options: HealOnce & { readonly access: VenueAccess },
): Promise<readonly Gap[]> {
  const { scheduler, wallClockMs, signal, access, sinceMs, isOwn, dryRun, onEvent } = options;
  // The lock of a folder shows whether a run writes to it. To open the Kafka sink would shut out a run.
  const isLocked = sink.name !== 'kafka';
  if (isLocked) await sink.open();
  try {
    if (!isLocked) await refuseBesideRun(archive, config, options);
    const dependencies = { scheduler, wallClockMs, access, signal, share: 1 };
    const healer = newHealer(archive, config, dependencies, {
      isOwn,
      sinceMs,
      feedSinceMs: undefined,
      onEvent: (event) => onEvent(event, sink.name),
    });
    const gaps = await healer.openGaps();
    if (dryRun) return gaps;
    try {
      let dueMs = await healer.round();
      while (healer.isBusy && !signal.aborted) {
        await pauseFor(dueMs, scheduler, signal);
        dueMs = await healer.round();
      }
    } finally {
      await archive.close();
    }
    return gaps;
  } finally {
    if (isLocked) await sink.close();
  }
}

/** @throws RunHeals if a feed publishes heartbeats to the same topics */
async function refuseBesideRun(archive: SinkArchive, config: Config, options: HealOnce): Promise<void> {
  const { scheduler, wallClockMs, signal } = options;
  const prefix = environmentPrefix(config.environment, config.feed.allowTestData);
  const lastHeartbeats = async (): Promise<ReadonlyMap<string, number>> => {
    const last = new Map<string, number>();
    for await (const record of archive.records(`${prefix}feed-status`, { sinceMs: wallClockMs() - HEARTBEATS_MS }))
      if (record.kind === 'status' && record.state === 'heartbeat') last.set(record.instance, record.sequence);
    return last;
  };
  const before = await lastHeartbeats();
  await pauseFor(LISTEN_MS, scheduler, signal);
  for (const [instance, sequence] of await lastHeartbeats()) {
    if (sequence <= (before.get(instance) ?? 0)) continue;
    const topics = `${config.kafka.topicPrefix}${prefix}*`;
    throw new RunHeals(
      `a run (instance ${instance}) publishes to ${topics} and heals its gaps; stop it, or leave it to the run`,
    );
  }
}
