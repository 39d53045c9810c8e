import type { FeedRecord } from '../domain/record.ts';
import type { Sink } from '../sinks/contract.ts';

/** Writes records to one topic, in their order. Throws the Fault of the first that the sink does not take. */
export async function writeRecords(
  sink: Pick<Sink, 'write'>,
  topic: string,
  records: readonly FeedRecord[],
): Promise<void> {
  if (records.length === 0) return;
  const outcomes = await sink.write(records.map((record) => ({ topic, key: '', record })));
  for (const outcome of outcomes) if (outcome.kind !== 'delivered') throw outcome.fault;
}
