import type { RecordsBatch } from '@platformatic/kafka';
import type { TopicMessage } from '../contract.ts';

const IS_TRANSACTIONAL = 1 << 4;
const IS_CONTROL = 1 << 5;
const IS_APPEND_TIME = 1 << 3;
const ABORT = 0;
const CONTROL_TYPE_AT = 2;

interface Fetched {
  readonly partitionIndex: number;
  readonly records: readonly RecordsBatch[] | null;
  readonly abortedTransactions: readonly { readonly producerId: bigint; readonly firstOffset: bigint }[] | null;
}

/** The records of a fetched partition from an offset on, without control records and records of aborted transactions. */
export function committedMessages(
  { partitionIndex, records, abortedTransactions }: Fetched,
  from: bigint,
): TopicMessage[] {
  const aborted = (abortedTransactions ?? []).toSorted((a, b) => Number(a.firstOffset - b.firstOffset));
  const open = new Set<bigint>();
  const messages: TopicMessage[] = [];
  for (const batch of records ?? []) {
    const { attributes, producerId, firstOffset, lastOffsetDelta } = batch;
    const lastOffset = firstOffset + BigInt(lastOffsetDelta);
    for (let next = aborted[0]; next !== undefined && next.firstOffset <= lastOffset; next = aborted[0]) {
      open.add(next.producerId);
      aborted.shift();
    }
    if ((attributes & IS_CONTROL) !== 0) {
      if (batch.records[0]?.key?.readInt16BE(CONTROL_TYPE_AT) === ABORT) open.delete(producerId);
    } else if ((attributes & IS_TRANSACTIONAL) === 0 || !open.has(producerId)) {
      addMessages(messages, batch, partitionIndex, from);
    }
  }
  return messages;
}

function addMessages(messages: TopicMessage[], batch: RecordsBatch, partition: number, from: bigint): void {
  const first = Number(batch.firstOffset);
  const firstTime = Number(batch.firstTimestamp);
  const appendTime = (batch.attributes & IS_APPEND_TIME) === 0 ? undefined : Number(batch.maxTimestamp);
  for (const { offsetDelta, timestampDelta, key, value } of batch.records) {
    const offset = first + offsetDelta;
    if (offset < from) continue;
    const timestamp = appendTime ?? firstTime + Number(timestampDelta);
    messages.push({ partition, offset: String(offset), timestamp, key: key === null ? null : key.toString(), value });
  }
}
