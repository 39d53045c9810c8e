import { topicNameOf } from '../../src/codec/environment-topics.ts';
import type { FeedRecord, TradeEvent } from '../../src/domain/record.ts';
import type { ArchiveReading, Outcome, OutRecord, SinkArchive } from '../../src/sinks/contract.ts';

/** The records of a sink, in memory. Tests read and change them, and make requests fail. */
export class MemoryArchive implements SinkArchive {
  readonly stored: FeedRecord[] = [];
  readonly late: TradeEvent[] = [];
  /** Topics in the order in which they were read. */
  readonly read: string[] = [];
  /** Called before a topic is read. It may throw. */
  onRead: (topic: string) => void = () => {};
  /** Returns what becomes of a record; undefined: it is stored. */
  outcomeOf: (record: FeedRecord) => Outcome | undefined = () => undefined;
  #isWriting = false;

  async open(): Promise<void> {}

  async *records(topic: string, { sinceMs }: ArchiveReading): AsyncGenerator<FeedRecord> {
    this.read.push(topic);
    this.onRead(topic);
    if (topic === 'late-trades') yield* [...this.late];
    else yield* this.stored.filter((record) => topicNameOf(record, false) === topic && arrivalOf(record) >= sinceMs);
  }

  async write(batch: readonly OutRecord[]): Promise<readonly Outcome[]> {
    if (this.#isWriting) throw new Error('a write begins before the last one has ended');
    this.#isWriting = true;
    await new Promise((resolve) => setImmediate(resolve));
    this.#isWriting = false;
    return batch.map(({ topic, record }) => {
      const outcome = this.outcomeOf(record);
      if (outcome !== undefined) return outcome;
      if (topic === 'late-trades' && record.kind === 'trade') this.late.push(record);
      else this.stored.push(record);
      return { kind: 'delivered' };
    });
  }

  async close(): Promise<void> {}
}

/** When a record arrived, milliseconds since 1970: late trades and gaps come later than this, which is no difference. */
function arrivalOf(record: FeedRecord): number {
  if ('receivedAt' in record) return record.receivedAt / 1000;
  return record.kind === 'gap' ? record.toTime : record.timestamp;
}
