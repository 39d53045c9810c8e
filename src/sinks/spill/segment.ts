import { type RecordReader, readerOf } from '../../codec/avro.ts';
import { asFault, Fault } from '../../domain/fault.ts';
import { DROPPED_LAST } from '../queue/drop-priority.ts';
import { addLoss, idsOf, seriesOf, type TradeLoss, tradeOf } from '../queue/loss-ledger.ts';
import type { QueueEntry } from '../queue/out-queue.ts';
import type { SpillFiles } from './spill-files.ts';
import { type Frame, frameJson, HEADER, MAGIC, parseFrames } from './spill-frame.ts';

/** One series of files for each drop priority: dropping the oldest file of the lowest priority makes room. */
export const CLASSES = Array.from({ length: DROPPED_LAST + 1 }, (_, index) => index);

const CHUNK_BYTES = 256 * 1024;
const NAME = /^(\d)-(\d{16})\.spill$/;

/** Records that are in a segment and not yet handed out. */
export class Tally {
  readonly byTopic = new Map<string, number>();
  readonly losses = new Map<string, TradeLoss>();
  count = 0;

  add({ out, seq }: QueueEntry): void {
    this.count++;
    this.byTopic.set(out.topic, (this.byTopic.get(out.topic) ?? 0) + 1);
    addLoss(this.losses, out, seq);
  }

  remove({ out }: QueueEntry): void {
    this.count--;
    this.byTopic.set(out.topic, (this.byTopic.get(out.topic) ?? 0) - 1);
    const trade = tradeOf(out);
    if (trade === undefined) return;
    const name = seriesOf(out, trade);
    const loss = this.losses.get(name);
    if (loss === undefined) return;
    const missing = (loss.missing ?? 0) - idsOf(trade);
    if (missing > 0) this.losses.set(name, { ...loss, missing, firstTime: trade.timestamp });
    else this.losses.delete(name);
  }
}

/** A file of the spill: records of one class, in order. */
export interface Segment {
  readonly name: string;
  readonly priority: number;
  readonly firstSeq: number;
  lastSeq: number;
  /** Of whole, committed frames, with the head. */
  bytes: number;
  /** Caller's milliseconds at which its first record was spilled. */
  readonly since: number;
  readonly tally: Tally;
  dropped: boolean;
}

export function newSegment(priority: number, firstSeq: number, since: number): Segment {
  // A fraction (a gap that was put between two records) is no part of the name: nothing else has that number then.
  const name = `${priority}-${String(Math.floor(firstSeq)).padStart(16, '0')}.spill`;
  return { name, priority, firstSeq, lastSeq: firstSeq, bytes: 0, since, tally: new Tally(), dropped: false };
}

export function segmentName(name: string): { readonly priority: number; readonly firstSeq: number } | undefined {
  const match = NAME.exec(name);
  return match === null ? undefined : { priority: Number(match[1]), firstSeq: Number(match[2]) };
}

/** Reads a segment's frames from its start, a chunk at a time. */
export class SegmentReader {
  readonly name: string;
  /** By the number that records bear; undefined: the header could not be read, ours are tried. */
  readers: readonly (RecordReader | undefined)[] = [];
  readonly #files: SpillFiles;
  #rest: Buffer = Buffer.alloc(0);
  #offset = 0;
  #afterBreak = false;
  /** Where the last whole frame ends. */
  end = 0;

  constructor(files: SpillFiles, name: string) {
    this.#files = files;
    this.name = name;
  }

  /** Bytes are left that are no frame. */
  get isTorn(): boolean {
    return this.#rest.length > 0;
  }

  /** More whole frames out of the first `bytes` of the file; none: there are no more (yet). @throws Fault of another version */
  async next(bytes: number): Promise<readonly Frame[]> {
    for (;;) {
      const wanted = Math.min(CHUNK_BYTES, bytes - this.#offset);
      const chunk = Buffer.allocUnsafeSlow(this.#rest.length + Math.max(0, wanted));
      this.#rest.copy(chunk);
      const got = wanted <= 0 ? 0 : await this.#files.read(this.name, this.#offset, chunk.subarray(this.#rest.length));
      if (got === 0 && this.#rest.length === 0) return [];
      const before = this.#offset - this.#rest.length;
      this.#offset += got;
      const all = chunk.subarray(0, this.#rest.length + got);
      const from = before === 0 && this.#offset > 0 ? this.#checkMagic(all) : 0;
      const atEnd = got === 0 || this.#offset >= bytes;
      const { frames, used, broken } = parseFrames(all.subarray(from), atEnd, this.#afterBreak);
      this.#afterBreak = broken;
      this.#rest = Buffer.from(all.subarray(from + used));
      if (frames.length > 0 || before === 0) this.end = before + from + lastEnd(frames, used);
      const [head] = frames;
      if (head?.type === HEADER) this.#readHeader(head);
      const records = frames.filter(({ type }) => type !== HEADER);
      if (records.length > 0) return records;
      if (atEnd) return [];
    }
  }

  #checkMagic(start: Buffer): number {
    if (start.subarray(0, MAGIC.length).equals(MAGIC)) return MAGIC.length;
    const name = start.toString('latin1', 0, MAGIC.length);
    if (/^mfspill./.test(name)) {
      throw new Fault(
        'sink',
        `spill: ${this.name} was written by another version (${name}): driver it with that one, or move it away`,
        { retry: { kind: 'never' } },
      );
    }
    return 0;
  }

  #readHeader(head: Frame): void {
    const { schemas } = frameJson(head) as { readonly schemas: readonly string[] };
    try {
      this.readers = schemas.map((schemaJson) => readerOf(schemaJson));
    } catch (error) {
      throw new Fault('sink', `spill: ${this.name}: ${asFault(error).message}`, {
        retry: { kind: 'never' },
        cause: error,
      });
    }
  }
}

function lastEnd(frames: readonly Frame[], used: number): number {
  return frames.at(-1)?.end ?? used;
}
