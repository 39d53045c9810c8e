import type { FeedRecord, RecordKind } from '../domain/record.ts';
import type { OutRecord } from './contract.ts';

const FIRST_CAPACITY = 1024;
/** Rough heap size of a record with its strings, bytes; only a dead letter carries more. */
const RECORD_BYTES = 700;

export interface OutQueueLimits {
  readonly maxRecords: number;
  /** Approximate heap bytes of the records that wait. */
  readonly maxBytes: number;
}

/**
 * What waits for a sink: first in, first out, bounded. A price tick that waits is replaced, where it stands, by a newer
 * one of the same topic, key and epoch: it can neither starve behind the others nor get before the record that opens
 * its epoch. A ring of parallel arrays: nothing is allocated for a record.
 */
export class OutQueue {
  readonly #limits: OutQueueLimits;
  #records: (OutRecord | undefined)[] = new Array(FIRST_CAPACITY);
  #pushedAt = new Float64Array(FIRST_CAPACITY);
  #barriers = new Uint8Array(FIRST_CAPACITY);
  /** Positions count from the first record ever; the slot is the position modulo the capacity, a power of two. */
  #head = 0;
  #tail = 0;
  #bytes = 0;
  /** Topic → key → position of the last price tick; a position before the head is a tick that has left. */
  #ticks = new Map<string, Map<string, number>>();

  constructor(limits: OutQueueLimits) {
    this.#limits = limits;
  }

  get length(): number {
    return this.#tail - this.#head;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** When the oldest record was pushed, in the caller's milliseconds; undefined when nothing waits. */
  get oldestAt(): number | undefined {
    return this.length === 0 ? undefined : this.#pushedAt[this.#slot(this.#head)];
  }

  get isFull(): boolean {
    return this.length >= this.#limits.maxRecords || this.#bytes > this.#limits.maxBytes;
  }

  /** Puts a price tick in the place of one of the same topic, key and epoch that waits; false where none does. */
  replace(record: OutRecord): boolean {
    if (record.record.kind !== 'price') return false;
    const at = this.#ticks.get(record.topic)?.get(record.key);
    if (at === undefined || at < this.#head) return false;
    const slot = this.#slot(at);
    const waiting = (this.#records[slot] as OutRecord).record;
    if (waiting.kind !== 'price' || waiting.epoch !== record.record.epoch) return false;
    this.#records[slot] = record;
    return true;
  }

  push(record: OutRecord, barrier: boolean, now: number): void {
    if (record.record.kind === 'price') this.#ticksOf(record.topic).set(record.key, this.#tail);
    if (this.length === this.#records.length) this.#grow();
    const slot = this.#slot(this.#tail);
    this.#records[slot] = record;
    this.#pushedAt[slot] = now;
    this.#barriers[slot] = barrier ? 1 : 0;
    this.#tail++;
    this.#bytes += bytesOf(record.record);
  }

  /** The oldest `max` records at most; nothing but other barriers follows a barrier in its batch. */
  take(max: number): OutRecord[] {
    const count = Math.min(max, this.length);
    const batch: OutRecord[] = [];
    for (let taken = 0; taken < count; taken++) {
      const slot = this.#slot(this.#head);
      const record = this.#records[slot] as OutRecord;
      this.#records[slot] = undefined;
      this.#head++;
      this.#bytes -= bytesOf(record.record);
      batch.push(record);
      if (this.#barriers[slot] === 1 && (taken + 1 >= count || this.#barriers[this.#slot(this.#head)] !== 1)) break;
    }
    return batch;
  }

  /**
   * Makes room: takes out at least one record, about a hundredth of the limit where there are as many, of the least
   * precious class that waits, oldest first, and returns them in order.
   */
  evict(): OutRecord[] {
    const wanted = Math.max(1, Math.floor(this.#limits.maxRecords / 100));
    let worst = MOST_PRECIOUS;
    for (let at = this.#head; at < this.#tail && worst > 0; at++) {
      worst = Math.min(worst, worthOf((this.#records[this.#slot(at)] as OutRecord).record));
    }
    const evicted: OutRecord[] = [];
    let keep = this.#head;
    for (let at = this.#head; at < this.#tail; at++) {
      const from = this.#slot(at);
      const record = this.#records[from] as OutRecord;
      if (evicted.length < wanted && worthOf(record.record) === worst) {
        evicted.push(record);
        this.#bytes -= bytesOf(record.record);
        continue;
      }
      if (keep !== at) this.#move(from, this.#slot(keep));
      keep++;
    }
    for (let at = keep; at < this.#tail; at++) this.#records[this.#slot(at)] = undefined;
    this.#tail = keep;
    this.#findTicks();
    return evicted;
  }

  #ticksOf(topic: string): Map<string, number> {
    let keys = this.#ticks.get(topic);
    if (keys === undefined) {
      keys = new Map();
      this.#ticks.set(topic, keys);
    }
    return keys;
  }

  #slot(position: number): number {
    return position & (this.#records.length - 1);
  }

  #move(from: number, to: number): void {
    this.#records[to] = this.#records[from];
    this.#pushedAt[to] = this.#pushedAt[from] as number;
    this.#barriers[to] = this.#barriers[from] as number;
  }

  #findTicks(): void {
    this.#ticks.clear();
    for (let at = this.#head; at < this.#tail; at++) {
      const record = this.#records[this.#slot(at)] as OutRecord;
      if (record.record.kind !== 'price') continue;
      this.#ticksOf(record.topic).set(record.key, at);
    }
  }

  #grow(): void {
    const capacity = this.#records.length * 2;
    const records: (OutRecord | undefined)[] = new Array(capacity);
    const pushedAt = new Float64Array(capacity);
    const barriers = new Uint8Array(capacity);
    for (let at = this.#head; at < this.#tail; at++) {
      const from = this.#slot(at);
      const to = at & (capacity - 1);
      records[to] = this.#records[from];
      pushedAt[to] = this.#pushedAt[from] as number;
      barriers[to] = this.#barriers[from] as number;
    }
    this.#records = records;
    this.#pushedAt = pushedAt;
    this.#barriers = barriers;
  }
}

const MOST_PRECIOUS = 4;

/** How much it hurts to lose a record of the kind: 0 is dropped first (docs/decisions/0003). */
const WORTH: Readonly<Record<RecordKind, number>> = {
  price: 0,
  book_ticker: 1,
  kline: 1,
  dead_letter: 2,
  trade: 3,
  agg_trade: 3,
  gap: MOST_PRECIOUS,
  position: MOST_PRECIOUS,
  status: MOST_PRECIOUS,
};

function worthOf(record: FeedRecord): number {
  return record.kind === 'kline' && record.closed ? 2 : WORTH[record.kind];
}

function bytesOf(record: FeedRecord): number {
  return record.kind === 'dead_letter' ? RECORD_BYTES + record.payload.length : RECORD_BYTES;
}
