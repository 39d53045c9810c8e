import { getOrCreate } from '../../domain/get-or-create.ts';
import type { FeedRecord } from '../../domain/record.ts';
import type { OutRecord } from '../contract.ts';
import { DROPPED_LAST, dropPriorityOf } from './drop-priority.ts';

const FIRST_CAPACITY = 1024;
/** Approximate heap bytes of a record with its strings, without a dead letter's payload and a book's levels. */
const RECORD_BYTES = 700;
/** Approximate heap bytes of a book level: an object and two short strings. */
const LEVEL_BYTES = 120;

/** A queued record with its sequence number. */
export interface QueueEntry {
  /** Sequence number; it rises in the order of pushing. */
  readonly seq: number;
  /** True: later records are written only after this one is acknowledged. */
  readonly barrier: boolean;
  readonly out: OutRecord;
}

/** Flag: later records wait until this one is acknowledged. */
const BARRIER = 1;
/** Flag: this record waits until earlier ones are acknowledged. */
const WAITS = 2;
/** The drop priority is stored above the flags. */
const PRIORITY_BITS = 2;

export interface SinkQueueLimits {
  readonly maxRecords: number;
  /** Approximate heap bytes of the waiting records. */
  readonly maxBytes: number;
}

/**
 * Queues records for a sink: first in, first out, bounded. A newer price tick of the same topic, key and epoch replaces
 * a waiting one. It takes the waiting tick's place, so it stays behind the record that opens its epoch. The queue is a
 * ring of parallel arrays: it allocates nothing for a record.
 */
export class SinkQueue {
  readonly #limits: SinkQueueLimits;
  #records: (OutRecord | undefined)[] = new Array(FIRST_CAPACITY);
  #pushedAt = new Float64Array(FIRST_CAPACITY);
  #seqs = new Float64Array(FIRST_CAPACITY);
  /** The flags and the drop priority of each record. */
  #flags = new Uint8Array(FIRST_CAPACITY);
  /**
   * `#head` is the index of the oldest record, `#tail` the index after the newest one. An index modulo the capacity, a
   * power of two, is the record's slot in the arrays.
   */
  #head = 0;
  #tail = 0;
  bytes = 0;
  /** Topic → key → index of the last price tick. If the index is below `#head`, the tick is no longer queued. */
  #ticks = new Map<string, Map<string, number>>();

  constructor(limits: SinkQueueLimits) {
    this.#limits = limits;
  }

  get length(): number {
    return this.#tail - this.#head;
  }

  /** Number of records removed so far, not counting evicted ones. */
  get dequeuedCount(): number {
    return this.#head;
  }

  /** The oldest record; undefined if nothing waits. */
  get head(): QueueEntry | undefined {
    return this.length === 0 ? undefined : this.#entry(this.#slot(this.#head));
  }

  /** True if the oldest record is a barrier. */
  get beginsWithBarrier(): boolean {
    return this.length > 0 && ((this.#flags[this.#slot(this.#head)] as number) & BARRIER) !== 0;
  }

  /** When the oldest record was pushed, milliseconds of the caller's clock; undefined if nothing waits. */
  get oldestAt(): number | undefined {
    return this.length === 0 ? undefined : this.#pushedAt[this.#slot(this.#head)];
  }

  get isFull(): boolean {
    return this.length >= this.#limits.maxRecords || this.bytes > this.#limits.maxBytes;
  }

  /** True if half of one of the limits is used. */
  get isHalfFull(): boolean {
    return this.length * 2 >= this.#limits.maxRecords || this.bytes * 2 > this.#limits.maxBytes;
  }

  /** Replaces a waiting price tick of the same topic, key and epoch; false if there is none. */
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

  /** Appends a record. `seq` is above all earlier ones; `now`: milliseconds of the caller's clock. */
  push(record: OutRecord, barrier: boolean, seq: number, now: number): void {
    if (this.length === this.#records.length) this.#rebuild(2 * this.length);
    const flags = barrier ? BARRIER | WAITS : record.record.kind === 'position' ? WAITS : 0;
    this.#put(record, flags | (dropPriorityOf(record.record) << PRIORITY_BITS), seq, now);
    this.bytes += heapBytes(record.record);
  }

  /**
   * Removes a batch of at most `max` records. In a batch, only barriers follow a barrier, and only barriers or
   * positions precede a barrier or position. So earlier trades are acknowledged first: a position names a published
   * trade. `stop` ends the batch before a record.
   */
  take(max: number, stop?: (record: OutRecord, seq: number) => boolean): OutRecord[] {
    const batch: OutRecord[] = [];
    const count = Math.min(max, this.length);
    let before = 0;
    while (batch.length < count) {
      const slot = this.#slot(this.#head);
      const flags = this.#flags[slot] as number;
      if (batch.length > 0 && ((before & BARRIER) > (flags & BARRIER) || (flags & WAITS) > (before & WAITS))) break;
      const record = this.#records[slot] as OutRecord;
      if (stop?.(record, this.#seqs[slot] as number) === true) break;
      this.#shift(slot);
      batch.push(record);
      before = flags;
    }
    return batch;
  }

  /** Returns the oldest `max` records at most, without removing them. */
  peek(max: number): QueueEntry[] {
    return Array.from({ length: Math.min(max, this.length) }, (_, index) =>
      this.#entry(this.#slot(this.#head + index)),
    );
  }

  /** Removes the `count` oldest records. */
  skip(count: number): void {
    for (let remaining = count; remaining > 0; remaining--) this.#shift(this.#slot(this.#head));
  }

  /**
   * Makes room: removes up to 1 % of `maxRecords`, but at least one record. Records of priority 0 go first, and of each
   * priority the oldest. If only bytes are short, it stops after the first priority that frees enough.
   */
  evict(): QueueEntry[] {
    const { maxRecords, maxBytes } = this.#limits;
    const wanted = Math.max(1, Math.floor(maxRecords / 100));
    const isLong = this.length >= maxRecords;
    const evicted = new Set<number>();
    for (let priority = 0; priority <= DROPPED_LAST && evicted.size < wanted; priority++) {
      if (evicted.size > 0 && !isLong && this.bytes <= maxBytes) break;
      for (let at = this.#head; at < this.#tail && evicted.size < wanted; at++) {
        const slot = this.#slot(at);
        if ((this.#flags[slot] as number) >> PRIORITY_BITS !== priority) continue;
        evicted.add(at);
        this.bytes -= heapBytes((this.#records[slot] as OutRecord).record);
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
    this.bytes -= heapBytes(record);
  }

  #entry(slot: number): QueueEntry {
    return {
      seq: this.#seqs[slot] as number,
      barrier: ((this.#flags[slot] as number) & BARRIER) !== 0,
      out: this.#records[slot] as OutRecord,
    };
  }

  /** Copies the records into a new ring, except the records at the indices in `without`. */
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

/** Approximate heap bytes of a record with its strings. */
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
