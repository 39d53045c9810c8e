import { join } from 'node:path';
import { listFiles } from '../avro-file/file-name.ts';
import { readFileBackwards } from '../avro-file/read-backwards.ts';
import type { Environment, FeedRecord } from '../domain/record.ts';
import type { PastRecord } from '../venues/contract.ts';

/** Identifies the records of a series. */
export interface SeriesName {
  readonly kind: PastRecord['kind'];
  readonly venue: string;
  readonly symbol: string;
  readonly environment: Environment;
  readonly interval: string | undefined;
}

/** Reads the last record of a series from DIR/TOPIC, whose files must be closed. @throws Fault for a damaged file. */
export async function lastRecord(dir: string, topic: string, series: SeriesName): Promise<PastRecord | undefined> {
  const folder = join(dir, topic);
  for (const { name } of (await listFiles(folder)).toReversed()) {
    for await (const records of readFileBackwards(join(folder, name))) {
      const found = records.findLast((record) => belongsTo(record, series));
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

function belongsTo(record: FeedRecord, series: SeriesName): record is PastRecord {
  const { kind } = record;
  if (kind !== 'trade' && kind !== 'agg_trade' && kind !== 'kline') return false;
  return (
    kind === series.kind &&
    record.venue === series.venue &&
    record.symbol === series.symbol &&
    record.environment === series.environment &&
    (kind !== 'kline' || record.interval === series.interval)
  );
}
