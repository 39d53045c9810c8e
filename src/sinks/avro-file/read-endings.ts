import { join } from 'node:path';
import { readBackwards } from '../../avro-file/read-backwards.ts';
import { topicOf } from '../../codec/topics.ts';
import type { AggTrade, FeedRecord, TradeEvent } from '../../domain/record.ts';
import type { Ending, EndingsOptions } from '../contract.ts';
import { Endings, seriesKey } from '../resume/endings.ts';
import { lastPositions } from './last-positions.ts';

/** Microseconds of running that are read at most, and how many of them two neighbouring blocks count for at most: the
 * process may have stood still between them, or the clock was set. Positions are written every 10 s. */
const REACH_US = 60_000_000;
const STEP_US = 10_000_000;

/** What the sink promises of `endings`, of the folders in `dir`. */
export async function readEndings(dir: string, options: EndingsOptions): Promise<readonly Ending[]> {
  const { environmentPrefix, otherPrefixes = [] } = options;
  const positions = await lastPositions(dir, environmentPrefix + topicOf('position').name);
  const endings = new Endings(positions, options);
  if (positions.length === 0) return [];
  for (const kind of ['trade', 'agg_trade'] as const) {
    if (!(kind === 'trade' ? options.trades : options.aggTrades)) continue;
    for (const prefix of [environmentPrefix, ...otherPrefixes]) {
      const { last, known } = await lastTrades(join(dir, prefix + topicOf(kind).name), kind, endings.going());
      for (const record of last) endings.add(record);
      if (!known) endings.forget(kind);
    }
  }
  return endings.all();
}

/**
 * The last trade of each series in the folder's last minute, and of those looked for at least; `known` false: something
 * unreadable lies where others may be. In the order of writing.
 */
async function lastTrades(
  folder: string,
  kind: 'trade' | 'agg_trade',
  wanted: ReadonlySet<string>,
): Promise<{ readonly last: readonly (TradeEvent | AggTrade)[]; readonly known: boolean }> {
  const missing = new Set(wanted);
  const last = new Map<string, TradeEvent | AggTrade>();
  let covered = 0;
  let newer: number | undefined;
  /** True when enough was read. */
  const take = (records: readonly FeedRecord[]): boolean => {
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
    return missing.size === 0 || covered > REACH_US;
  };
  const known = await readBackwards(folder, take);
  return { last: [...last.values()].toReversed(), known };
}
