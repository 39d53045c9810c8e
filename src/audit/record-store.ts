import { closeSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { codecOf } from '../codec/avro.ts';
import { getOrCreate } from '../domain/get-or-create.ts';
import type { FeedRecord, RecordKind } from '../domain/record.ts';

/** Records of a store that are in memory, at most. */
const MOST_HELD = 100_000;
const POSITION_BYTES = 6;

/** A record and its place among the records of its key in the topic: 0, 1, 2, …. */
export interface Placed<R> {
  readonly record: R;
  readonly position: number;
}

interface Chunk {
  readonly offset: number;
  readonly length: number;
}

/** Records that came in sorted order. The first ones are in the file. */
interface Run<R> {
  readonly chunks: Chunk[];
  held: Placed<R>[];
  last: R;
}

interface Runs<R> {
  readonly runs: Run<R>[];
  count: number;
}

/** Sorts the records of many keys. Its memory is bounded: a file on disk has what is too much. */
export class RecordStore<R extends FeedRecord> {
  readonly #path: string;
  readonly #kind: RecordKind;
  readonly #compare: (a: R, b: R) => number;
  readonly #mostHeld: number;
  readonly #byKey = new Map<string, Runs<R>>();
  #held = 0;
  #file: number | undefined;
  #size = 0;

  /** @param path the file, which is made when it is needed */
  constructor(path: string, kind: R['kind'], compare: (a: R, b: R) => number, mostHeld: number = MOST_HELD) {
    this.#path = path;
    this.#kind = kind;
    this.#compare = compare;
    this.#mostHeld = mostHeld;
  }

  add(key: string, record: R): void {
    const series = getOrCreate(this.#byKey, key, () => ({ runs: [], count: 0 }));
    const position = series.count++;
    const run = series.runs.at(-1);
    if (run === undefined || this.#compare(run.last, record) > 0) {
      series.runs.push({ chunks: [], held: [{ record, position }], last: record });
    } else {
      run.held.push({ record, position });
      run.last = record;
    }
    this.#held++;
    if (this.#held >= this.#mostHeld) this.#flush();
  }

  /** The keys that were not taken. */
  get keys(): readonly string[] {
    return [...this.#byKey.keys()];
  }

  /** Removes the records of a key, and returns them in sorted order. */
  take(key: string): SortedRecords<R> {
    const { runs } = this.#byKey.get(key) ?? { runs: [] };
    this.#byKey.delete(key);
    return new SortedRecords(
      runs.map((run) => new RunReader(run, (chunk) => this.#read(chunk))),
      this.#compare,
    );
  }

  /** Removes the file. */
  close(): void {
    if (this.#file === undefined) return;
    closeSync(this.#file);
    rmSync(this.#path, { force: true });
  }

  #flush(): void {
    this.#file ??= openSync(this.#path, 'wx+');
    for (const { runs } of this.#byKey.values()) {
      for (const run of runs) {
        if (run.held.length === 0) continue;
        const bytes = Buffer.concat(run.held.map(encode));
        run.held = [];
        run.chunks.push({ offset: this.#size, length: bytes.length });
        writeSync(this.#file, bytes, 0, bytes.length, this.#size);
        this.#size += bytes.length;
      }
    }
    this.#held = 0;
  }

  #read({ offset, length }: Chunk): Placed<R>[] {
    const bytes = Buffer.allocUnsafe(length);
    readSync(this.#file ?? -1, bytes, 0, length, offset);
    const codec = codecOf(this.#kind);
    const entries: Placed<R>[] = [];
    for (let at = 0; at < length; ) {
      const position = bytes.readUIntBE(at, POSITION_BYTES);
      const { record, end } = codec.read(bytes, at + POSITION_BYTES);
      entries.push({ record: record as R, position });
      at = end;
    }
    return entries;
  }
}

function encode({ record, position }: Placed<FeedRecord>): Buffer {
  const header = Buffer.allocUnsafe(POSITION_BYTES);
  header.writeUIntBE(position, 0, POSITION_BYTES);
  return codecOf(record.kind).encode(record, header);
}

/** Reads one run, chunk by chunk. */
class RunReader<R> {
  readonly #run: Run<R>;
  readonly #read: (chunk: Chunk) => Placed<R>[];
  #entries: readonly Placed<R>[] = [];
  #at = 0;
  #chunk = 0;

  constructor(run: Run<R>, read: (chunk: Chunk) => Placed<R>[]) {
    this.#run = run;
    this.#read = read;
    this.#load();
  }

  get head(): Placed<R> | undefined {
    return this.#entries[this.#at];
  }

  skip(): void {
    this.#at++;
    if (this.#at === this.#entries.length) this.#load();
  }

  #load(): void {
    const chunk = this.#run.chunks[this.#chunk++];
    this.#at = 0;
    if (chunk !== undefined) {
      this.#entries = this.#read(chunk);
    } else {
      this.#entries = this.#run.held;
      this.#run.held = [];
    }
  }
}

/** The records of one key, in sorted order; equal ones in the order of the topic. */
export class SortedRecords<R> {
  readonly #runs: readonly RunReader<R>[];
  readonly #compare: (a: R, b: R) => number;
  #first: RunReader<R> | undefined;

  constructor(runs: readonly RunReader<R>[], compare: (a: R, b: R) => number) {
    this.#runs = runs;
    this.#compare = compare;
    this.#choose();
  }

  peek(): Placed<R> | undefined {
    return this.#first?.head;
  }

  next(): Placed<R> | undefined {
    const next = this.#first?.head;
    this.#first?.skip();
    if (this.#runs.length > 1 || this.#first?.head === undefined) this.#choose();
    return next;
  }

  /** Removes the records at the beginning that `belongs` accepts, and returns them. */
  nextWhile(belongs: (record: R) => boolean): Placed<R>[] {
    const taken: Placed<R>[] = [];
    for (let next = this.peek(); next !== undefined && belongs(next.record); next = this.peek()) {
      taken.push(next);
      this.next();
    }
    return taken;
  }

  #choose(): void {
    this.#first = undefined;
    for (const run of this.#runs) {
      const { head } = run;
      const best = this.#first?.head;
      if (head === undefined) continue;
      if (best === undefined || this.#compare(head.record, best.record) < 0) this.#first = run;
    }
  }
}

/** The times of the first and the last record of a topic, milliseconds since 1970. */
export class RecordSpan {
  first = Number.POSITIVE_INFINITY;
  last = Number.NEGATIVE_INFINITY;

  add(time: number): void {
    this.first = Math.min(this.first, time);
    this.last = Math.max(this.last, time);
  }
}
