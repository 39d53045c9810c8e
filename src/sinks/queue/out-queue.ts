import { getOrCreate } from '../../domain/get-or-create.ts';
import type { FeedRecord } from '../../domain/record.ts';
import type { OutRecord } from '../contract.ts';
import { DROPPED_LAST, dropPriorityOf } from './drop-priority.ts';

const FIRST_CAPACITY = 1024;
/** Rough heap size of a record with its strings, bytes, without what some carry beside: payloads and levels. */
const RECORD_BYTES = 700;
/** Of a level of a book: an object and two short strings. */
const LEVEL_BYTES = 120;

/** A record on its way with its place in it. */
export interface QueueEntry {
  /** Rises from record to record; the order in which they were pushed. */
  readonly seq: number;
  /** Nothing pushed after it is written before it is acknowledged. */
  readonly barrier: boolean;
  readonly out: OutRecord;
}

/** Flags of a record: what stands behind it waits until it is acknowledged; it waits until what stands before it is. */
const HOLDS = 1;
const WAITS = 2;
/** Above the flags. */
const PRIORITY_BITS = 2;

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
  #seqs = new Float64Array(FIRST_CAPACITY);
  /** And drop priorities. */
  #flags = new Uint8Array(FIRST_CAPACITY);
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

  /** How many records have left it, those that were evicted aside. */
  get left(): number {
    return this.#head;
  }

  /** The place of the oldest record; undefined when nothing waits. */
  get headSeq(): number | undefined {
    return this.length === 0 ? undefined : this.#seqs[this.#slot(this.#head)];
  }

  /** The oldest record; undefined when nothing waits. */
  get head(): QueueEntry | undefined {
    return this.length === 0 ? undefined : this.#entry(this.#slot(this.#head));
  }

  /** The oldest record holds back the others. */
  get beginsWithBarrier(): boolean {
    return this.length > 0 && ((this.#flags[this.#slot(this.#head)] as number) & HOLDS) !== 0;
  }

  /** When the oldest record was pushed, in the caller's milliseconds; undefined when nothing waits. */
  get oldestAt(): number | undefined {
    return this.length === 0 ? undefined : this.#pushedAt[this.#slot(this.#head)];
  }

  get isFull(): boolean {
    return this.length >= this.#limits.maxRecords || this.#bytes > this.#limits.maxBytes;
  }

  /** Half of one of the limits is used. */
  get isHalfFull(): boolean {
    return this.length * 2 >= this.#limits.maxRecords || this.#bytes * 2 > this.#limits.maxBytes;
  }

  /** Puts a price tick in the place of one of the same topic, key and epoch that waits; false where none does. */
  replace(record: OutRecord): boolean {
    if (record.record.kind !== 'price') return false;
    const at = this.#ticks.get(record.topic)?.get(record.key);
    if (at === undefined || at < this.#head) return false;
    const slot = this.#slot(at);
    const waiting = this.#records[slot]?.record;
    if (waiting?.kind !== 'price' || waiting.epoch !== record.record.epoch) return false;
    this.#records[slot] = record;
    return true;
  }

  /** `seq` is above that of every record pushed before, `now` in the caller's milliseconds. */
  push(record: OutRecord, barrier: boolean, seq: number, now: number): void {
    if (this.length === this.#records.length) this.#rebuild(2 * this.length);
    const flags = barrier ? HOLDS | WAITS : record.record.kind === 'position' ? WAITS : 0;
    this.#put(record, flags | (dropPriorityOf(record.record) << PRIORITY_BITS), seq, now);
    this.#bytes += heapBytes(record.record);
  }

  /**
   * The oldest `max` records at most, as one batch. Nothing but other barriers follows a barrier in its batch, nor stands
   * before one: a barrier in the sink says that all before it is there too. So does any position, which names a trade
   * that was published. `stop` ends the batch before a record.
   */
  take(max: number, stop?: (record: OutRecord, seq: number) => boolean): OutRecord[] {
    const batch: OutRecord[] = [];
    const count = Math.min(max, this.length);
    let before = 0;
    while (batch.length < count) {
      const slot = this.#slot(this.#head);
      const flags = this.#flags[slot] as number;
      if (batch.length > 0 && ((before & HOLDS) > (flags & HOLDS) || (flags & WAITS) > (before & WAITS))) break;
      const record = this.#records[slot] as OutRecord;
      if (stop?.(record, this.#seqs[slot] as number) === true) break;
      this.#shift(slot);
      batch.push(record);
      before = flags;
    }
    return batch;
  }

  /** The oldest `max` records at most; they stay. */
  peek(max: number): QueueEntry[] {
    return Array.from({ length: Math.min(max, this.length) }, (_, index) =>
      this.#entry(this.#slot(this.#head + index)),
    );
  }

  /** Takes out the oldest records: so many. */
  skip(count: number): void {
    for (let left = count; left > 0; left--) this.#shift(this.#slot(this.#head));
  }

  /**
   * Makes room: takes out a hundredth of the limit, the lowest drop priority and the oldest first. Where bytes are short,
   * no more priorities than it takes.
   */
  evict(): QueueEntry[] {
    const { maxRecords, maxBytes } = this.#limits;
    const wanted = Math.max(1, Math.floor(maxRecords / 100));
    const isLong = this.length >= maxRecords;
    const evicted = new Set<number>();
    for (let priority = 0; priority <= DROPPED_LAST && evicted.size < wanted; priority++) {
      if (evicted.size > 0 && !isLong && this.#bytes <= maxBytes) break;
      for (let at = this.#head; at < this.#tail && evicted.size < wanted; at++) {
        const slot = this.#slot(at);
        if ((this.#flags[slot] as number) >> PRIORITY_BITS !== priority) continue;
        evicted.add(at);
        this.#bytes -= heapBytes((this.#records[slot] as OutRecord).record);
      }
    }
    const entries = Array.from(evicted, (at) => this.#entry(this.#slot(at)));
    this.#rebuild(this.#records.length, evicted);
    return entries;
  }

  #slot(position: number): number {
    return position & (this.#records.length - 1);
  }

  #put(record: OutRecord, flags: number, seq: number, pushedAt: number): void {
    const at = this.#tail++;
    const slot = this.#slot(at);
    this.#records[slot] = record;
    this.#pushedAt[slot] = pushedAt;
    this.#seqs[slot] = seq;
    this.#flags[slot] = flags;
    if (record.record.kind === 'price') getOrCreate(this.#ticks, record.topic, noTicks).set(record.key, at);
  }

  #shift(slot: number): void {
    const { record } = this.#records[slot] as OutRecord;
    this.#records[slot] = undefined;
    this.#head++;
    this.#bytes -= heapBytes(record);
  }

  #entry(slot: number): QueueEntry {
    return {
      seq: this.#seqs[slot] as number,
      barrier: ((this.#flags[slot] as number) & HOLDS) !== 0,
      out: this.#records[slot] as OutRecord,
    };
  }

  /** Another ring, without the records at some positions. */
  #rebuild(capacity: number, without: ReadonlySet<number> = new Set()): void {
    const [records, pushedAt, seqs, flags] = [this.#records, this.#pushedAt, this.#seqs, this.#flags];
    const kept: number[] = [];
    for (let at = this.#head; at < this.#tail; at++) if (!without.has(at)) kept.push(this.#slot(at));
    this.#records = new Array(capacity);
    this.#pushedAt = new Float64Array(capacity);
    this.#seqs = new Float64Array(capacity);
    this.#flags = new Uint8Array(capacity);
    this.#ticks.clear();
    this.#tail = this.#head;
    for (const slot of kept)
      this.#put(records[slot] as OutRecord, flags[slot] as number, seqs[slot] as number, pushedAt[slot] as number);
  }
}

const noTicks = (): Map<string, number> => new Map();

/** About so much of the heap a record is, with its strings. */
export function heapBytes(record: FeedRecord): number {
  switch (record.kind) {
    case 'dead_letter':
      return RECORD_BYTES + record.payload.length;
    case 'order_book':
    case 'book_delta':
      return RECORD_BYTES + (record.bids.length + record.asks.length) * LEVEL_BYTES;
    default:
      return RECORD_BYTES;
  }
}
