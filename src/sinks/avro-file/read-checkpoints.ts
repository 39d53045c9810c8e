import { join } from 'node:path';
import { readBackwards } from '../../avro-file/read-backwards.ts';
import { topicOf } from '../../codec/topics.ts';
import type { FeedRecord } from '../../domain/record.ts';
import type { AnyTrade, TradeKind } from '../../domain/trade-id.ts';
import type { CheckpointOptions, SeriesCheckpoint } from '../contract.ts';
import { Checkpoints, seriesKey } from '../resume/checkpoints.ts';
import { lastPositions } from './last-positions.ts';

/** Maximum time to read back from the folder's last trade, microseconds. Positions are written every 10 s. */
const REACH_US = 60_000_000;
/** The time between two blocks counts as this at most, microseconds: the feed may have been stopped between them. */
const STEP_US = 10_000_000;

/** Reads the checkpoints from the folders in `dir`; see `Sink.checkpoints`. */
export async function readCheckpoints(
  dir: string,
  { environmentPrefixes, kinds, keyOf }: CheckpointOptions,
): Promise<readonly SeriesCheckpoint[]> {
  const positions = await lastPositions(dir, (environmentPrefixes[0] ?? '') + topicOf('position').name);
  const checkpoints = new Checkpoints(positions, kinds, keyOf);
  if (positions.length === 0) return [];
  for (const kind of kinds) {
    for (const prefix of environmentPrefixes) {
      const { last, known } = await lastTrades(join(dir, prefix + topicOf(kind).name), kind, checkpoints.resumable());
      for (const record of last) checkpoints.add(record);
      if (!known) checkpoints.forget(kind);
    }
  }
  return checkpoints.all();
}

/**
 * Reads the last trade of each series from the last minute of the folder, in the order of writing. `known` is false if
 * an unreadable part may hide the trade of a wanted series.
 */
async function lastTrades(
  folder: string,
  kind: TradeKind,
  wanted: ReadonlySet<string>,
): Promise<{ readonly last: readonly AnyTrade[]; readonly known: boolean }> {
  const missing = new Set(wanted);
  const last = new Map<string, AnyTrade>();
  let covered = 0;
  let newer: number | undefined;
  const take = (records: readonly FeedRecord[]): 'continue' | 'stop' => {
    let newest = 0;
    for (const record of records.toReversed()) {
      if (record.kind !== kind) continue;
      newest = Math.max(newest, record.receivedAt);
      const key = seriesKey(record);
      if (!last.has(key)) last.set(key, record);
      missing.delete(key);
    }
    covered += Math.min(STEP_US, Math.max(0, (newer ?? newest) - newest));
    newer = newest;
    return missing.size === 0 || covered > REACH_US ? 'stop' : 'continue';
  };
  const known = await readBackwards(folder, take);
  return { last: [...last.values()].toReversed(), known };
}
