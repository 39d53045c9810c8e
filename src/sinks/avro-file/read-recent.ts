import { join } from 'node:path';
import { readBackwards } from '../../avro-file/read-backwards.ts';
import type { Recent, RecentOptions } from '../contract.ts';
import { Lookback, type LookbackBounds, recentOf, soughtOf } from '../resume/lookback.ts';

/**
 * Maximum numbers of records to read from a folder. They are larger than for a Kafka partition: a file has all symbols.
 */
const BOUNDS: LookbackBounds = { span: 500_000, count: 120_000 };

/** Reads the recent records from the folders in `dir`; see `Sink.recent`. */
export async function readRecent(
  dir: string,
  options: RecentOptions,
  bounds: LookbackBounds = BOUNDS,
): Promise<Recent> {
  const lookbacks: Lookback[] = [];
  for (const sought of soughtOf(options)) {
    const lookback = new Lookback(sought, bounds);
    lookbacks.push(lookback);
    if (lookback.isEnough) continue;
    const isSound = await readBackwards(join(dir, sought.topic), (records) => {
      for (const record of records.toReversed()) lookback.add(record);
      return lookback.isEnough ? 'stop' : 'continue';
    });
    if (isSound && !lookback.isEnough) lookback.end();
  }
  return recentOf(lookbacks);
}
