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

/** Where no record is. */
const NOWHERE = -1;
/** Flags of a record: what stands behind it waits until it is acknowledged; it waits until what stands before it is. */
const HOLDS = 1;
const WAITS = 2;

export interface OutQueueLimits {
  readonly maxRecords: number;
  /** Approximate heap bytes of the records that wait. */
  readonly maxBytes: number;
}

/**
 * What waits for a sink: first in, first out, bounded. A price tick that waits is replaced, where it stands, by a newer
 * one of the same topic, key and epoch: it can neither starve behind the others nor get before the record that opens
 * its epoch. A ring of parallel arrays: nothing is allocated for a record. What is evicted leaves a hole, which is closed
 * when the ring is full: so room is made in constant time, also in a queue that is full for minutes.
 */
export class OutQueue {
  readonly #limits: OutQueueLimits;
  #records: (OutRecord | undefined)[] = new Array(FIRST_CAPACITY);
  #pushedAt = new Float64Array(FIRST_CAPACITY);
  #seqs = new Float64Array(FIRST_CAPACITY);
  #flags = new Uint8Array(FIRST_CAPACITY);
  /** The position of the next record of the same priority. */
  #next = new Float64Array(FIRST_CAPACITY);
  /** By priority: the positions of the first and of the last record; a last one means nothing where there is no first. */
  readonly #first: number[] = new Array(DROPPED_LAST + 1).fill(NOWHERE);
  readonly #last: number[] = new Array(DROPPED_LAST + 1).fill(NOWHERE);
  #length = 0;
  /** Positions count from the first record ever; the slot is the position modulo the capacity, a power of two. */
  #head = 0;
  #tail = 0;
  #bytes = 0;
  /** Topic → key → position of the last price tick; a position before the head, or without a record, is a tick that has left. */
  #ticks = new Map<string, Map<string, number>>();

  constructor(limits: OutQueueLimits) {
    this.#limits = limits;
  }

  get length(): number {
    return this.#length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The place of the oldest record; undefined when nothing waits. */
  get headSeq(): number | undefined {
    return this.length === 0 ? undefined : this.#seqs[this.#slot(this.#head)];
  }

  /** The oldest record; undefined when nothing waits. */
  get head(): QueueEntry | undefined {
    return this.length === 0 ? undefined : this.#entry(this.#slot(this.#head));
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
    if (this.#tail - this.#head === this.#records.length) this.#makePlace();
    this.#put(record, barrier ? HOLDS | WAITS : record.record.kind === 'position' ? WAITS : 0, seq, now);
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

  /** The oldest `max` records at most, whatever they are. */
  takeEntries(max: number): QueueEntry[] {
    const entries: QueueEntry[] = [];
    const count = Math.min(max, this.length);
    while (entries.length < count) {
      const slot = this.#slot(this.#head);
      const entry = this.#entry(slot);
      this.#shift(slot);
      entries.push(entry);
    }
    return entries;
  }

  /**
   * Makes room: takes out at least one record, about a hundredth of the limit where there are as many, of the least
   * precious class that waits, oldest first, and returns them in order.
   */
  evict(): QueueEntry[] {
    const wanted = Math.max(1, Math.floor(this.#limits.maxRecords / 100));
    const worst = this.#first.findIndex((position) => position !== NOWHERE);
    const evicted: QueueEntry[] = [];
    for (let at = this.#first[worst]; at !== undefined && at !== NOWHERE; at = this.#first[worst]) {
      if (evicted.length === wanted) break;
      const slot = this.#slot(at);
      evicted.push(this.#entry(slot));
      this.#remove(slot);
    }
    this.#skipHoles();
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

  #put(record: OutRecord, flags: number, seq: number, pushedAt: number): void {
    const at = this.#tail++;
    const slot = this.#slot(at);
    this.#records[slot] = record;
    this.#pushedAt[slot] = pushedAt;
    this.#seqs[slot] = seq;
    this.#flags[slot] = flags;
    this.#next[slot] = NOWHERE;
    const priority = dropPriorityOf(record.record);
    if (this.#first[priority] === NOWHERE) this.#first[priority] = at;
    else this.#next[this.#slot(this.#last[priority] as number)] = at;
    this.#last[priority] = at;
    this.#length++;
    if (record.record.kind === 'price') this.#ticksOf(record.topic).set(record.key, at);
  }

  /** Takes out a record that is the first of its priority. */
  #remove(slot: number): void {
    const { record } = this.#records[slot] as OutRecord;
    this.#first[dropPriorityOf(record)] = this.#next[slot] as number;
    this.#records[slot] = undefined;
    this.#length--;
    this.#bytes -= heapBytes(record);
  }

  #shift(slot: number): void {
    this.#remove(slot);
    this.#head++;
    this.#skipHoles();
  }

  /** The head is a record, where there is one. */
  #skipHoles(): void {
    while (this.#head < this.#tail && this.#records[this.#slot(this.#head)] === undefined) this.#head++;
  }

  #entry(slot: number): QueueEntry {
    return {
      seq: this.#seqs[slot] as number,
      barrier: ((this.#flags[slot] as number) & HOLDS) !== 0,
      out: this.#records[slot] as OutRecord,
    };
  }

  /** Closes the holes of a full ring; a larger one, where they are less than half of it. */
  #makePlace(): void {
    const capacity = this.#records.length * (this.#length * 2 > this.#records.length ? 2 : 1);
    const [records, pushedAt, seqs, flags] = [this.#records, this.#pushedAt, this.#seqs, this.#flags];
    const slots = Array.from({ length: this.#tail - this.#head }, (_, at) => this.#slot(this.#head + at));
    this.#records = new Array(capacity);
    this.#pushedAt = new Float64Array(capacity);
    this.#seqs = new Float64Array(capacity);
    this.#flags = new Uint8Array(capacity);
    this.#next = new Float64Array(capacity);
    this.#first.fill(NOWHERE);
    this.#ticks.clear();
    this.#tail = this.#head;
    this.#length = 0;
    for (const slot of slots) {
      const record = records[slot];
      if (record === undefined) continue;
      this.#put(record, flags[slot] as number, seqs[slot] as number, pushedAt[slot] as number);
    }
  }
}

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
